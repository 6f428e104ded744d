package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Patterns, compared with those of Java. */
class PatternParserTest {
    private static final String[] LETTERS = {
        "a", "b", "c", "0", "1", "_", "-", " ", "\"", "\\", "é", "\u4e2d", "\ud83d\ude00"
    };

    private static Texts texts(String pattern) {
        Expressions all = new Expressions();
        Expression found = PatternParser.parse(Spelling.utf8(all), pattern, "pattern");
        all.complete();
        return Texts.of(found);
    }

    private static String pattern(SplittableRandom random, int depth) {
        int kind = random.nextInt(depth > 3 ? 5 : 10);
        return switch (kind) {
            case 0, 1 ->
                Pattern.quote(LETTERS[random.nextInt(LETTERS.length)])
                        .replaceAll("\\\\[QE]", "")
                        .replace("\\", "\\\\");
            case 2 -> ".";
            case 3 ->
                new String[] {"[a-c]", "[^a0]", "[é-\ud83d\ude00]", "\\d", "\\w", "\\W", "[\\d\\-b]", "[^\\w]"}
                        [random.nextInt(8)];
            case 4 -> "[\"\\\\]";
            case 5, 6 -> pattern(random, depth + 1) + pattern(random, depth + 1);
            case 7 -> "(?:" + pattern(random, depth + 1) + "|" + pattern(random, depth + 1) + ")";
            case 8 ->
                "(" + pattern(random, depth + 1) + ")"
                        + new String[] {"*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"}[random.nextInt(7)];
            default -> "(?<x" + random.nextInt(1 << 30) + ">" + pattern(random, depth + 1) + ")";
        };
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(9); i > 0; i--) {
            text.append(LETTERS[random.nextInt(LETTERS.length)]);
        }
        return text.toString();
    }

    @Test
    void findTheSameAsThoseOfJava() {
        SplittableRandom random = new SplittableRandom(11);
        int found = 0;
        int compared = 0;
        for (int i = 0; i < 600; i++) {
            String inner = pattern(random, 0);
            String pattern = switch (random.nextInt(5)) {
                case 0 -> "^" + inner;
                case 1 -> inner + "$";
                case 2 -> inner;
                case 3 -> "(?:^" + inner + "|" + pattern(random, 2) + "$)";
                default -> "^(?:" + inner + ")$";
            };
            Pattern java = Pattern.compile(pattern);
            Texts texts = texts(pattern);
            for (int j = 0; j < 40; j++) {
                String text = text(random);
                boolean isFound = java.matcher(text).find();
                assertThat(texts.has(text)).as("'%s' in '%s'", pattern, text).isEqualTo(isFound);
                found += isFound ? 1 : 0;
                compared++;
            }
        }
        assertThat(found).isBetween(compared / 5, compared * 4 / 5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "'^\\u00e9\\x41\\u{1F600}\\uD83D\\uDE00$'; éA\ud83d\ude00\ud83d\ude00; true",
                "'^[\\s]\\S$'; '\u00a0x'; true",
                "'^\\S$'; '\ufeff'; false",
                "'^.$'; '\u2028'; false",
                "'^[^]$'; x; true",
                "'^a{0}$'; a; false",
                "'^$|^a'; ''; true",
                "'^$|^a'; b; false",
                "'(?:(?:a|^b)c|d$)'; bc; true",
                "'^\\/\\-\\.$'; /-.; true",
                "''; anything; true"
            })
    void followEcmaScript(String pattern, String text, boolean isFound) {
        assertThat(texts(pattern).has(text)).isEqualTo(isFound);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                ")",
                "a)",
                "(a",
                "[a",
                "[b-a]",
                "[\\d-z]",
                "*a",
                "a**",
                "a{2,1}",
                "a{",
                "a{x}",
                "a{9999999999}",
                "\\",
                "\\u12",
                "\\u{110000}",
                "\\xg1",
                "\\b",
                "\\B",
                "\\1",
                "\\k<a>",
                "\\p{L}",
                "(?=a)",
                "(?!a)",
                "(?<=a)",
                "(?<!a)",
                "(?i)a",
                "a^b",
                "a$b",
                "(^a)*",
                "^*",
                "\\ud800",
                "(?P<a>b)",
                "(?<a",
                "\\01"
            })
    void refuseWhatIsNotSupported(String pattern) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> texts(pattern))
                .withMessageStartingWith("pattern: ")
                .withMessageContaining(", found ");
    }
}
