package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExpressionsTest {
    private final Expressions all = new Expressions();

    private Expression letter(char letter) {
        return all.literal(String.valueOf(letter));
    }

    private Texts complete(Expression expression) {
        all.complete();
        return Texts.of(expression);
    }

    @Test
    void equalExpressionsAreOneObject() {
        Expression one = all.concat(letter('a'), all.or(letter('b'), letter('c')));
        assertThat(all.concat(letter('a'), all.or(letter('c'), letter('b'), letter('c'))))
                .isSameAs(one);
        assertThat(all.or(one, all.never())).isSameAs(one);
        assertThat(all.concat(one, all.empty())).isSameAs(one);
        assertThat(all.concat(one, all.never())).isSameAs(all.never());
        assertThat(all.repeat(one, 1, 1)).isSameAs(one);
        assertThat(all.not(all.not(one))).isSameAs(one);
    }

    @Test
    void countsRepetitions() {
        Texts texts = complete(all.repeat(all.or(letter('a'), all.literal("bc")), 2, 3));
        assertThat(texts.shortest()).isEqualTo(2);
        for (String text : List.of("aa", "abc", "bcbcbc", "aaa")) {
            assertThat(texts.has(text)).as(text).isTrue();
        }
        for (String text : List.of("", "a", "ab", "aaaa", "ca")) {
            assertThat(texts.has(text)).as(text).isFalse();
        }
    }

    /** A counted loop whose part may be empty has shorter texts too. */
    @Test
    void countsRepetitionsThatMayBeEmpty() {
        Texts texts = complete(all.repeat(all.optional(letter('a')), 2, 3));
        assertThat(texts.shortest()).isZero();
        assertThat(List.of("", "a", "aa", "aaa")).allMatch(texts::has);
        assertThat(texts.has("aaaa")).isFalse();
    }

    @Test
    void intersectsAndComplements() {
        Expression letters = all.repeat(all.or(letter('a'), letter('b')), 0, Repeat.UNBOUNDED);
        Expression odd = all.concat(letters, all.concat(letter('b'), letters));
        Texts texts = complete(all.and(letters, all.not(odd), all.repeat(all.or(letter('a'), letter('b')), 3, 5)));
        assertThat(texts.shortest()).isEqualTo(3);
        assertThat(List.of("aaa", "aaaaa")).allMatch(texts::has);
        assertThat(List.of("aa", "aab", "aaaaaa", "")).noneMatch(texts::has);
    }

    /** An intersection without texts is found out, however it is written. */
    @Test
    void anEmptyIntersectionHasNoEnd() {
        Expression even = all.repeat(all.literal("aa"), 0, Repeat.UNBOUNDED);
        Expression odd = all.concat(letter('a'), even);
        Expression both = all.and(even, odd);
        Expression other = all.and(even, all.repeat(letter('a'), 700, 900));
        all.complete();
        assertThat(both.shortest()).isEqualTo(Expression.NO_END);
        assertThat(other.shortest()).isEqualTo(700);
        assertThat(other.after('a').shortest()).isEqualTo(699);
        assertThat(other.after('a').after('b').shortest()).isEqualTo(Expression.NO_END);
    }

    @Test
    void findsMultiples() {
        Texts texts = complete(all.and(all.multiples(7, 0), all.repeat(all.or(letter('1'), letter('3')), 2, 4)));
        for (int i = 0; i < 20_000; i++) {
            String digits = Integer.toString(i);
            assertThat(texts.has(digits)).as(digits).isEqualTo(i % 7 == 0 && digits.matches("[13]{2,4}"));
        }
    }

    @Test
    void rulesRefersToThemselves() {
        Rule rule = all.rule(this, "brackets");
        Expression inner = all.reference(rule);
        rule.define(all.optional(all.sequence(letter('('), inner, letter(')'), inner)));
        Texts texts = complete(inner);
        assertThat(List.of("", "()", "(())()", "(()(()))")).allMatch(texts::has);
        assertThat(List.of("(", ")", "())", "(()")).noneMatch(texts::has);
    }

    @Test
    void refusesRulesThatBeginWithThemselves() {
        Rule first = all.rule(this, "first");
        Rule second = all.rule(this, "second");
        first.define(all.sequence(all.optional(letter('a')), all.reference(second), letter('b')));
        second.define(all.or(letter('c'), all.concat(all.reference(first), letter('d'))));
        assertThatIllegalArgumentException()
                .isThrownBy(all::complete)
                .withMessageContaining("no rule may begin with itself, found 'first', 'second'");
    }

    /** Bytes that are no token alone are passed within longer tokens only. */
    @Test
    void theShortestTextHasBytesOfTheVocabularyOnly() {
        Expressions some = new Expressions(new TokenTrie(List.of(new byte[] {'a'}, new byte[] {'c'}), Map.of()));
        Expression text = some.or(some.literal("b"), some.literal("aca"));
        Expression none = some.literal("ab");
        some.complete();
        assertThat(text.shortest()).isEqualTo(3);
        assertThat(none.shortest()).isEqualTo(Expression.NO_END);
        assertThat(none.after('a').after('b').shortest()).isZero();
    }
}
