package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.generate.TokenConstraint;

/** Schemas and grammars of an attacker: each works or is refused, and none takes long. */
@Tag("slow")
class HostileGrammarTest {
    private static final Duration MOST = Duration.ofSeconds(60);

    private static void quickly(Supplier<GrammarSource> grammar) {
        ProcessorTime.limit(MOST, () -> {
            GrammarSource source = grammar.get();
            steps(source, 40);
        });
    }

    private static void isRefused(String message, Supplier<GrammarSource> grammar) {
        ProcessorTime.limit(MOST, () -> {
            assertThatIllegalArgumentException().isThrownBy(grammar::get).withMessageContaining(message);
        });
    }

    private static List<byte[]> tokens() {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            tokens.add(new byte[] {(byte) i});
        }
        IntStream.range(0, 2000)
                .mapToObj(i -> Integer.toString(i, 36) + "ab")
                .forEach(token -> tokens.add(token.getBytes(StandardCharsets.UTF_8)));
        return tokens;
    }

    private static void steps(GrammarSource source, int steps) {
        TokenConstraint.State state = new GrammarConstraint(
                        source, new TokenTrie(tokens(), Map.of()), false, text -> new int[0])
                .begin(Integer.MAX_VALUE);
        BitSet allowed = new BitSet();
        for (int i = 0; i < steps && state.canContinue(); i++) {
            state.allowed(allowed);
            state.accept(allowed.previousSetBit(allowed.length()));
        }
    }

    @Test
    void deepNesting() {
        quickly(() -> GrammarSource.jsonSchema("{\"items\":".repeat(500) + "true" + "}".repeat(500)));
        isRefused(
                "at most 100 deep",
                () -> GrammarSource.jsonSchema("{\"not\":".repeat(500) + "{\"minimum\":1}" + "}".repeat(500)));
        isRefused("must be JSON", () -> GrammarSource.jsonSchema("[".repeat(5000)));
        isRefused(
                "at most 100 deep",
                () -> GrammarSource.gbnf("root ::= " + "(".repeat(5000) + "\"a\"" + ")".repeat(5000)));
        isRefused("at most 100 deep", () -> GrammarSource.jsonSchema(pattern("(".repeat(5000) + ")".repeat(5000))));
        quickly(() -> GrammarSource.jsonSchema("{\"type\":\"array\",\"items\":".repeat(90) + "true" + "}".repeat(90)));
    }

    @Test
    void longChainsOfRules() {
        isRefused(
                "nested at most 600 deep",
                () -> GrammarSource.gbnf("root ::= a0\n"
                        + IntStream.range(0, 5000)
                                .mapToObj(i -> "a" + i + " ::= a" + (i + 1))
                                .collect(Collectors.joining("\n"))
                        + "\na5000 ::= \"x\""));
        quickly(() -> GrammarSource.gbnf("root ::= a0\n"
                + IntStream.range(0, 400)
                        .mapToObj(i -> "a" + i + " ::= a" + (i + 1))
                        .collect(Collectors.joining("\n"))
                + "\na400 ::= \"x\""));
    }

    private static String pattern(String pattern) {
        return "{\"type\":\"string\",\"pattern\":\"" + pattern.replace("\\", "\\\\") + "\"}";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a*)*b",
                "(a|a)*b",
                "(a|aa)+$",
                "^(([a-z])+.)+[A-Z]([a-z])+$",
                "(.*a){20}",
                "(x+x+)+y",
                "^((a{1000}){1000}){1000}",
                "^[^a]{0,100000000}$",
                "((((a{0,9}){0,9}){0,9}){0,9}){0,9}b"
            })
    void exponentialPatterns(String pattern) {
        quickly(() -> GrammarSource.jsonSchema(pattern(pattern)));
    }

    /** An automaton of this pattern has 2^40 states, of which each text needs few. */
    @Test
    void patternsOfExponentialAutomata() {
        quickly(() -> GrammarSource.jsonSchema(pattern("a.{40}$")));
        quickly(() -> GrammarSource.jsonSchema(
                "{\"type\":\"string\",\"pattern\":\"a.{12}$\",\"minLength\":20,\"maxLength\":4000}"));
    }

    @Test
    void intersectionsThatAreHardToDecide() {
        ProcessorTime.limit(MOST, () -> {
            try {
                GrammarSource.jsonSchema(
                        "{\"type\":\"string\",\"pattern\":\"^(?:(?:aaaaaaa)*|(?:bbbbbbbbbbb)+)$\",\"minLength\":100000,\"maxLength\":100001}");
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageContaining("must");
            }
        });
    }

    @Test
    void hugeCounts() {
        quickly(() -> GrammarSource.jsonSchema(
                "{\"type\":\"array\",\"maxItems\":2147483646,\"items\":{\"maxLength\":2147483646}}"));
        quickly(() ->
                GrammarSource.gbnf("root ::= (((\"ab\"{1,999999999}){1,999999999} \"c\"){1,999999999}){1,999999999}"));
        isRefused("must be a whole number", () -> GrammarSource.jsonSchema("{\"maxItems\":1e30}"));
        isRefused("at most 310 digits", () -> GrammarSource.jsonSchema("{\"maxItems\":1e311}"));
        isRefused("at most 310 digits", () -> GrammarSource.jsonSchema("{\"minimum\":1e1000000000}"));
        isRefused("at most 310 digits", () -> GrammarSource.jsonSchema("{\"multipleOf\":1e-1000000000}"));
        isRefused(
                "found none that ends",
                () -> GrammarSource.gbnf("root ::= ((\"a\"{999999999}){999999999}){999999999}"));
    }

    @Test
    void circlesOfReferences() {
        isRefused("joined with themselves by no $ref", () -> GrammarSource.jsonSchema("{\"$ref\":\"#\"}"));
        isRefused(
                "joined with themselves by no $ref",
                () -> GrammarSource.jsonSchema(
                        "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"anyOf\":[{\"$ref\":\"#/$defs/a\"},{\"type\":\"null\"}]}}}"));
        isRefused(
                "joined with themselves by no $ref",
                () -> GrammarSource.jsonSchema("{\"minimum\":1,\"allOf\":[{\"$ref\":\"#\"}]}"));
        isRefused(
                "joined with themselves by no $ref",
                () -> GrammarSource.jsonSchema("{\"minimum\":1,\"anyOf\":[{\"$ref\":\"#\"},{\"maximum\":5}]}"));
        isRefused(
                "found none that ends",
                () -> GrammarSource.jsonSchema(
                        "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}"));
    }

    /** Each level joins all of the next one twice. */
    @Test
    void exponentialJoins() {
        String levels = IntStream.range(0, 60)
                .mapToObj(i ->
                        "\"d%s\":{\"minimum\":%s,\"anyOf\":[{\"$ref\":\"#/$defs/d%s\"},{\"$ref\":\"#/$defs/d%s\"}]}"
                                .formatted(i, i, i + 1, i + 1))
                .collect(Collectors.joining(","));
        isRefused(
                "parts",
                () -> GrammarSource.jsonSchema(
                        "{\"maximum\":9,\"$ref\":\"#/$defs/d0\",\"$defs\":{" + levels + ",\"d60\":{}}}"));
    }

    /** The branches of kinds of things; {@code required} stands beside them or in each. */
    private static String kinds(String beside, String within) {
        String branches = IntStream.range(0, 8)
                .mapToObj(kind -> "{" + within + "\"properties\":{\"kind\":{\"const\":" + kind
                        + "},\"of\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
                        + IntStream.range(0, 8)
                                .mapToObj(i -> "\"f" + (kind + i) + "\":{\"type\":[\"string\",\"null\"]}")
                                .collect(Collectors.joining(","))
                        + "}}}}")
                .collect(Collectors.joining(","));
        return "{\"type\":\"object\"," + beside + "\"oneOf\":[" + branches + "]}";
    }

    private static long bytes(String schema) {
        Expressions all = new Expressions();
        GrammarSource.jsonSchema(schema).compile(all);
        return all.weight().bytes();
    }

    /** With the contraries of all other branches, each branch would be too large. */
    @Test
    void branchesThatARequiredPropertyTellsApartNeedNoContraries() {
        String required = "\"required\":[\"kind\",\"of\"],";
        assertThat(bytes(kinds(required, ""))).isEqualTo(bytes(kinds("", required)));
        isRefused("the contrary must be needed", () -> GrammarSource.jsonSchema(kinds("", "")));
    }

    @Test
    void aTextThatHasNoRoomIsRefusedBeforeItIsBuilt() {
        Expressions all = new Expressions();
        long before = all.weight().bytes();
        String text = "\uD83D\uDE00".repeat((int) (all.weight().mostBytes() / 200));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.literal("x".repeat((int) (all.weight().mostBytes() / 200))))
                .withMessageContaining("must weigh at most");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Spelling.json(all).text(text))
                .withMessageContaining("must weigh at most");
        assertThat(all.weight().bytes()).isEqualTo(before);
    }

    @Test
    void longTexts() {
        isRefused(
                "at most 1000000 characters",
                () -> GrammarSource.jsonSchema("{\"title\":\"" + "x".repeat(10_000_000) + "\"}"));
        isRefused(
                "at most 1000000 characters", () -> GrammarSource.gbnf("root ::= \"" + "x".repeat(10_000_000) + "\""));
        isRefused("must weigh at most", () -> GrammarSource.gbnf("root ::= \"" + "x".repeat(990_000) + "\""));
        isRefused("at most 20000 characters", () -> GrammarSource.jsonSchema(pattern("a".repeat(900_000))));
        quickly(() -> GrammarSource.gbnf("root ::= " + "[^a]".repeat(200_000)));
        quickly(() -> GrammarSource.jsonSchema("{\"title\":\"" + "x".repeat(900_000) + "\",\"const\":1}"));
    }

    @Test
    void manyParts() {
        String names = IntStream.range(0, 800)
                .mapToObj(i -> "\"p" + i + "\":{\"type\":\"integer\"}")
                .collect(Collectors.joining(","));
        quickly(() -> GrammarSource.jsonSchema(
                "{\"type\":\"object\",\"additionalProperties\":true,\"properties\":{" + names + "}}"));
        String values =
                IntStream.range(0, 10_000).mapToObj(i -> "\"value " + i + "\"").collect(Collectors.joining(","));
        quickly(() -> GrammarSource.jsonSchema("{\"enum\":[" + values + "]}"));
        String rules = IntStream.range(0, 20_000)
                .mapToObj(i -> "r" + i + " ::= \"a\" r" + (i * 7919 % 20_000) + "?")
                .collect(Collectors.joining("\n"));
        quickly(() -> GrammarSource.gbnf("root ::= r1\n" + rules));
    }

    private static long steps(String schema) {
        Expressions all = new Expressions();
        GrammarSource.jsonSchema(schema).compile(all);
        return all.effort().steps();
    }

    private static String joined(int schemas, IntFunction<String> schema) {
        return "{\"allOf\":[" + IntStream.range(0, schemas).mapToObj(schema).collect(Collectors.joining(",")) + "]}";
    }

    /** Twice as many schemas take twice as many steps. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"object\",\"properties\":{\"p%1$d\":{\"type\":\"integer\"},\"q%1$d\":{\"const\":1}}}",
                "{\"type\":\"object\",\"required\":[\"p%1$d\",\"q%1$d\"]}",
                "{\"type\":\"object\",\"properties\":{\"p\":{\"minimum\":%1$d}}}",
                "{\"allOf\":[{\"minimum\":%1$d},{\"maximum\":1000000}]}"
            })
    void joinsTakeTimeInProportionToTheirLength(String schema) {
        ProcessorTime.limit(MOST, () -> {
            IntFunction<String> numbered = i -> String.format(Locale.ROOT, schema, i);
            long once = steps(joined(150, numbered));
            assertThat(steps(joined(300, numbered))).isBetween(once, 5 * once / 2);
        });
    }

    @Test
    void joinsOfManySchemasEndSoon() {
        ProcessorTime.limit(Duration.ofSeconds(10), () -> {
            String values =
                    IntStream.range(0, 4000).mapToObj(i -> "\"v" + i + "\"").collect(Collectors.joining(","));
            quickly(() -> GrammarSource.jsonSchema(joined(20, i -> "{\"enum\":[" + values + ",\"w" + i + "\"]}")));
            isRefused(
                    "must weigh at most",
                    () -> GrammarSource.jsonSchema(joined(
                            2000,
                            i -> "{\"required\":["
                                    + IntStream.range(0, 30)
                                            .mapToObj(name -> "\"p" + i + "_" + name + "\"")
                                            .collect(Collectors.joining(","))
                                    + "]}")));
        });
    }

    /** Sums of characters times powers of 31 are the hash codes of texts. */
    @Test
    void textsWithEqualHashCodes() {
        String values = IntStream.range(0, 1 << 13)
                .mapToObj(i -> IntStream.range(0, 13)
                        .mapToObj(bit -> (i >> bit & 1) == 0 ? "Aa" : "BB")
                        .collect(Collectors.joining("", "\"", "\"")))
                .collect(Collectors.joining(","));
        ProcessorTime.limit(
                Duration.ofSeconds(20),
                () -> GrammarSource.jsonSchema(
                        "{\"enum\":[" + values + "],\"allOf\":[{\"enum\":[" + values + ",1]}]}"));
    }

    @Test
    void tooManyStepsAreRefused() {
        Effort effort = new Effort();
        effort.spend(Effort.MOST);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> effort.spend(5000))
                .withMessageContaining("with at most " + Effort.MOST + " steps");
        effort.begin(10_000);
        effort.spend(10_000);
        assertThatExceptionOfType(Effort.Exhausted.class).isThrownBy(() -> effort.spend(5000));
        effort.begin();
        effort.spend(10_000);
        assertThat(effort.steps()).isEqualTo(10_000);
    }
}
