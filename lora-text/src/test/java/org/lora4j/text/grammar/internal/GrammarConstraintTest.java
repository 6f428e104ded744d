package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.generate.TokenConstraint;

/** Tokens by grammars: each one that is allowed, and no other; texts always end within their tokens. */
@Tag("slow")
class GrammarConstraintTest {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    /** All bytes, and tokens of several bytes that cut through characters and through the parts of JSON. */
    private static final List<byte[]> TOKENS = tokens();

    private static final TokenTrie TRIE = new TokenTrie(TOKENS, Map.of());

    private static int[] noTokens(String unused) {
        return new int[0];
    }

    private static List<byte[]> tokens() {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            tokens.add(new byte[] {(byte) i});
        }
        for (String token : List.of(
                "{\"",
                "\":",
                "\": ",
                "\": \"",
                "\", \"",
                "\"}",
                "]}",
                "[[",
                "[[[[",
                "null",
                "true",
                ", ",
                "12",
                "123",
                "00",
                "0.",
                "1e",
                "-1",
                "abc",
                "name",
                "größe",
                "gr",
                "ö",
                "é\"",
                "\\\"",
                "\\n",
                "\\u00",
                "the cat sat on the mat",
                "\"children\"",
                "\\",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                " ",
                "  ",
                "\n",
                "2024-",
                "-02-",
                "\",\"",
                "{}",
                "[]",
                "foo",
                "}}")) {
            tokens.add(token.getBytes(StandardCharsets.UTF_8));
        }
        SplittableRandom random = new SplittableRandom(5);
        byte[] text = "{\"größe\": [1, -2.50], \"x\\\"y\":\"\ud83d\ude00中 b-7\",\"tags\":{}}"
                .getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 60; i++) {
            int from = random.nextInt(text.length - 6);
            tokens.add(Arrays.copyOfRange(text, from, from + 2 + random.nextInt(5)));
        }
        tokens.add(null);
        return tokens;
    }

    private static GrammarConstraint constraint(GrammarSource source) {
        return new GrammarConstraint(source, TRIE, false, GrammarConstraintTest::noTokens);
    }

    private static Expression after(Expression before, byte[] bytes) {
        Expression at = before;
        for (byte value : bytes) {
            at = at.after(Byte.toUnsignedInt(value));
        }
        return at;
    }

    private static BitSet expected(Expression at, int left) {
        BitSet tokens = new BitSet();
        for (int id = 0; id < TOKENS.size(); id++) {
            byte[] bytes = TOKENS.get(id);
            tokens.set(id, bytes != null && after(at, bytes).fewestTokens() <= left - 1);
        }
        return tokens;
    }

    private static int any(BitSet tokens, SplittableRandom random) {
        int skipped = random.nextInt(tokens.cardinality());
        int id = tokens.nextSetBit(0);
        for (int i = 0; i < skipped; i++) {
            id = tokens.nextSetBit(id + 1);
        }
        return id;
    }

    private static String generate(GrammarSource source, int budget, SplittableRandom random, boolean compares) {
        TokenConstraint.State state = constraint(source).begin(budget);
        Expression at = source.compile(new Expressions(TRIE));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        BitSet allowed = new BitSet();
        int left = budget;
        while (state.canContinue()) {
            state.allowed(allowed);
            if (compares) {
                assertThat(allowed).as("after %s", text).isEqualTo(expected(at, left));
            }
            if (state.isComplete() && random.nextInt(4) == 0) {
                break;
            }
            int id = any(allowed, random);
            state.accept(id);
            at = after(at, TOKENS.get(id));
            assertThat(state.isComplete()).isEqualTo(at.isNullable());
            text.writeBytes(TOKENS.get(id));
            left--;
        }
        assertThat(state.isComplete()).as("%s is complete", text).isTrue();
        assertThat(left).isNotNegative();
        return text.toString(StandardCharsets.UTF_8);
    }

    /** A model of random logits gets a valid value of each schema, within its tokens, and the masks are those of each token tried. */
    @Test
    void randomTokensAlwaysEndInAValidValue() throws IOException {
        Schemas schemas = new Schemas(3);
        SplittableRandom random = new SplittableRandom(4);
        Set<JsonNodeType> kinds = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            ObjectNode schema = schemas.next();
            GrammarSource source = GrammarSource.jsonSchema(schema.toString());
            Expression root = source.compile(new Expressions(TRIE));
            int fewest = (int) root.fewestTokens();
            assertThat(root.fewestTokens()).isLessThanOrEqualTo(root.shortest());
            int budget = fewest + random.nextInt(i % 3 == 0 ? 3 : 120);
            String text = generate(source, budget, random, i % 10 == 0);
            JsonNode value = JSON.readTree(text);
            assertThat(Schemas.fits(schema, value, schema))
                    .as("%s: %s", schema, text)
                    .isTrue();
            kinds.add(value.getNodeType());
        }
        assertThat(kinds).hasSize(6);
    }

    @Test
    void masksOfGrammarsAreThoseOfEachTokenTried() throws IOException {
        SplittableRandom random = new SplittableRandom(8);
        for (String grammar : List.of(
                "root ::= [a-z]* \"name\" [0-9]{2,60} | . . root?",
                "root ::= (\"a\" | \"aa\" | \"abc\"){3,70} \"\\\"\"",
                "root ::= item (\", \" item)* \"\\n\"?\nitem ::= \"[\" item? \"]\" | [^\\n\\[\\]]{0,5} \"1\"",
                "root ::= .{0,100} \"}}\"")) {
            GrammarSource source = GrammarSource.gbnf(grammar);
            for (int i = 0; i < 12; i++) {
                generate(source, 8 + 6 * i, random, true);
            }
        }
        for (int i = 0; i < 20; i++) {
            String text = generate(GrammarSource.json(), 1 + 5 * i, random, true);
            assertThat(JSON.readTree(text)).as(text).isNotNull();
        }
    }

    /** In a long string the count of what is left changes with each step, and the mask is found again. */
    @Test
    void aLongStringEndsAtItsLimit() throws IOException {
        GrammarSource source = GrammarSource.jsonSchema("{\"type\":\"string\",\"minLength\":200,\"maxLength\":300}");
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < 5; i++) {
            String text = JSON.readTree(generate(source, 500, random, true)).asText();
            assertThat(text.codePointCount(0, text.length())).isBetween(200, 300);
        }
    }

    @Test
    void tooFewTokensAreRefused() {
        GrammarConstraint constraint = new GrammarConstraint(
                GrammarSource.jsonSchema("{\"const\":[1,\"ab\"]}"), WITH_ADDED, false, GrammarConstraintTest::noTokens);
        constraint.begin(8);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> constraint.begin(7))
                .withMessage(
                        "grammar: maxTokens must be at least 8, the tokens of a shortest text of the grammar, found 7;"
                                + " allow more tokens");
    }

    @Test
    void tokensThatAreNotAllowedAreRefused() {
        TokenConstraint.State state =
                constraint(GrammarSource.gbnf("root ::= \"ab\"")).begin(5);
        for (int id : new int[] {-1, 'b', TOKENS.size() - 1, 100_000}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> state.accept(id))
                    .withMessageContaining("must be one that is allowed here, found " + id);
        }
        state.accept('a');
        state.accept('b');
        assertThat(state.isComplete()).isTrue();
        assertThat(state.canContinue()).isFalse();
    }

    /** Fixed text needs the tokens of the vocabulary, not one for each byte. */
    @Test
    void fixedTextCountsWithItsTokens() {
        GrammarConstraint constraint = constraint(GrammarSource.gbnf(
                "root ::= \"the cat sat on the mat\" [0-9] tail\ntail ::= \"{\\\"abc\" | \"(\" tail \")\""));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> constraint.begin(3))
                .withMessageContaining("must be at least 4, the tokens of a shortest text");
        TokenConstraint.State state = constraint.begin(4);
        List<String> text = new ArrayList<>();
        while (state.canContinue()) {
            List<Integer> allowed = allowed(state);
            assertThat(allowed).hasSizeLessThanOrEqualTo(13);
            state.accept(allowed.get(0));
            text.add(new String(TOKENS.get(allowed.get(0)), StandardCharsets.UTF_8));
        }
        assertThat(state.isComplete()).isTrue();
        assertThat(text).containsExactly("the cat sat on the mat", "0", "{\"", "abc");
    }

    /** Divides a text into the longest tokens. */
    private static int[] divided(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<Integer> ids = new ArrayList<>();
        for (int from = 0; from < bytes.length; from += TOKENS.get(ids.get(ids.size() - 1)).length) {
            int best = Byte.toUnsignedInt(bytes[from]);
            for (int id = 0; id < TOKENS.size(); id++) {
                byte[] token = TOKENS.get(id);
                if (token != null
                        && token.length > TOKENS.get(best).length
                        && from + token.length <= bytes.length
                        && Arrays.equals(token, 0, token.length, bytes, from, from + token.length)) {
                    best = id;
                }
            }
            ids.add(best);
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private static List<String> texts(TokenConstraint.State state) {
        return allowed(state).stream()
                .map(id -> new String(TOKENS.get(id), StandardCharsets.UTF_8))
                .toList();
    }

    /** Only the tokens of the tokenizer are allowed, but for the end that may be a part of a longer token. */
    @Test
    void fixedTextHasTheTokensOfTheTokenizer() {
        GrammarSource source = GrammarSource.gbnf("root ::= \"zabcnamez\" (\"\\\":\" [ 0-9] | \"}\") \"abcabc\"");
        TokenConstraint.State state =
                new GrammarConstraint(source, TRIE, false, GrammarConstraintTest::divided).begin(30);
        for (String token : List.of("z", "abc", "name", "z")) {
            assertThat(texts(state)).containsExactly(token);
            state.accept(allowed(state).get(0));
        }
        assertThat(texts(state)).contains("\"", "\":", "}");
        state.accept('}');
        for (int i = 0; i < 2; i++) {
            assertThat(texts(state)).containsExactly("abc");
            state.accept(allowed(state).get(0));
        }
        assertThat(state.isComplete()).isTrue();
        // There is a token that begins with "a" and goes on, so the division is not certain there.
        TokenConstraint.State open = new GrammarConstraint(
                        GrammarSource.gbnf("root ::= \"za\" [abc]"), TRIE, false, GrammarConstraintTest::divided)
                .begin(9);
        assertThat(texts(open)).containsExactly("z");
        open.accept('z');
        assertThat(texts(open)).contains("a");
    }

    /** Whatever a tokenizer returns, only tokens of the text are allowed, and texts end within their tokens. */
    @Test
    void aTokenizerOnlyLeavesTokensOut() throws IOException {
        Schemas schemas = new Schemas(6);
        SplittableRandom random = new SplittableRandom(7);
        List<Function<String, int[]>> tokenizers = List.of(
                GrammarConstraintTest::divided,
                text -> new int[] {-5, 3},
                text -> new int[] {100_000},
                text -> new int[] {TOKENS.size() - 1, TOKENS.size() - 1},
                text -> text.chars().map(c -> c & 0xFF).toArray());
        for (int i = 0; i < 300; i++) {
            ObjectNode schema = schemas.next();
            GrammarSource source = GrammarSource.jsonSchema(schema.toString());
            int fewest = (int) source.compile(new Expressions(TRIE)).fewestTokens();
            TokenConstraint.State state = new GrammarConstraint(source, TRIE, false, tokenizers.get(i % 5))
                    .begin(fewest + random.nextInt(i % 2 == 0 ? 3 : 100));
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            BitSet allowed = new BitSet();
            while (state.canContinue()) {
                state.allowed(allowed);
                int id = any(allowed, random);
                state.accept(id);
                text.writeBytes(TOKENS.get(id));
            }
            assertThat(state.isComplete()).isTrue();
            JsonNode value = JSON.readTree(text.toByteArray());
            assertThat(Schemas.fits(schema, value, schema))
                    .as("%s: %s", schema, text)
                    .isTrue();
        }
    }

    @Test
    void aVocabularyWithoutTheBytesIsRefused() {
        TokenTrie letters = new TokenTrie(List.of(new byte[] {'a'}, new byte[] {'b', 'c'}), Map.of());
        new GrammarConstraint(
                        GrammarSource.gbnf("root ::= \"a\" \"bc\"?"), letters, false, GrammarConstraintTest::noTokens)
                .begin(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GrammarConstraint(
                        GrammarSource.gbnf("root ::= \"bc\""), letters, false, GrammarConstraintTest::noTokens))
                .withMessageContaining("must have a token for each byte of a text of the grammar, found 1");
    }

    /** The first space of SentencePiece is not printed, so a word with a space stands for the word at the start, and there only. */
    @Test
    void theFirstSpaceIsNotPartOfTheText() {
        List<byte[]> tokens = new ArrayList<>(TOKENS.subList(0, 256));
        for (String token : List.of(" {", "{", "  ", " a", " a{")) {
            tokens.add(token.getBytes(StandardCharsets.UTF_8));
        }
        GrammarConstraint constraint = new GrammarConstraint(
                GrammarSource.gbnf("root ::= \" \"? \"{\" \" \"? \"a\""),
                new TokenTrie(tokens, Map.of()),
                true,
                GrammarConstraintTest::noTokens);
        TokenConstraint.State state = constraint.begin(9);
        BitSet allowed = new BitSet();
        state.allowed(allowed);
        assertThat(allowed.stream().toArray()).containsExactly('{', 256, 257, 258);
        state.accept(256);
        state.allowed(allowed);
        assertThat(allowed.stream().toArray()).containsExactly(' ', 'a', 259);
        state.accept(259);
        assertThat(state.isComplete()).isTrue();
    }

    /** All bytes, and two tokens that are no text, one of them behind all others. */
    private static final TokenTrie WITH_ADDED =
            new TokenTrie(TOKENS.subList(0, 256), Map.of("<call>", 300, "[END]", 256));

    private static List<Integer> allowed(TokenConstraint.State state) {
        BitSet allowed = new BitSet();
        state.allowed(allowed);
        return allowed.stream().boxed().toList();
    }

    @Test
    void addedTokensStandWhereTheGrammarNamesThem() {
        GrammarConstraint constraint = new GrammarConstraint(
                GrammarSource.gbnf("root ::= \"x\" <call>? ([0-9] <[256]>){2} | <call> root"),
                WITH_ADDED,
                false,
                GrammarConstraintTest::noTokens);
        TokenConstraint.State state = constraint.begin(9);
        assertThat(allowed(state)).containsExactly((int) 'x', 300);
        state.accept(300);
        assertThat(allowed(state)).containsExactly((int) 'x', 300);
        state.accept('x');
        assertThat(allowed(state)).hasSize(11).contains((int) '0', (int) '9', 300);
        // Its text is not the token.
        assertThatIllegalArgumentException().isThrownBy(() -> state.accept('<'));
        state.accept('7');
        assertThat(allowed(state)).containsExactly(256);
        state.accept(256);
        state.accept('1');
        assertThat(state.isComplete()).isFalse();
        state.accept(256);
        assertThat(state.isComplete()).isTrue();
        assertThat(state.canContinue()).isFalse();
    }

    /** A token that is no text counts as one of those that are left. */
    @Test
    void addedTokensCountForTheBudget() {
        GrammarConstraint constraint = new GrammarConstraint(
                GrammarSource.gbnf("root ::= <call> \"a\"* <[256]>"),
                WITH_ADDED,
                false,
                GrammarConstraintTest::noTokens);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> constraint.begin(1))
                .withMessageContaining("must be at least 2");
        TokenConstraint.State state = constraint.begin(4);
        for (int id : new int[] {300, 'a', 'a'}) {
            assertThat(allowed(state)).contains(id);
            state.accept(id);
        }
        assertThat(allowed(state)).containsExactly(256);
    }

    /** The space that is not printed comes before the first word, and not before a token that is no text. */
    @Test
    void anAddedTokenCanBeginAText() {
        GrammarConstraint constraint = new GrammarConstraint(
                GrammarSource.gbnf("root ::= <call>? \"a\""), WITH_ADDED, true, GrammarConstraintTest::noTokens);
        TokenConstraint.State state = constraint.begin(9);
        assertThat(allowed(state)).containsExactly((int) 'a', 300);
        state.accept(300);
        assertThat(allowed(state)).containsExactly((int) 'a');
    }

    @Test
    void tokensThatTheVocabularyDoesNotHaveAreRefused() {
        for (String token : List.of("<think>", "<[97]>", "<[301]>")) {
            GrammarSource source = GrammarSource.gbnf("root ::= \"a\"\n  | " + token);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new GrammarConstraint(source, WITH_ADDED, false, GrammarConstraintTest::noTokens))
                    .withMessage(
                            "GBNF, line 2, column 5: a token must be a special or added one of the vocabulary; write"
                                    + " other texts in quotation marks, found '" + token + "'");
        }
        // A text of its own grammar is written with ordinary tokens then.
        GrammarSource mark = GrammarSource.anyOf(List.of(GrammarSource.token("<a>"), GrammarSource.token("<call>")));
        TokenConstraint.State state =
                new GrammarConstraint(mark, WITH_ADDED, false, GrammarConstraintTest::noTokens).begin(9);
        assertThat(allowed(state)).containsExactly((int) '<', 300);
        StringBuilder many = new StringBuilder("root ::= \"a\"");
        for (int i = 0; i < 257; i++) {
            many.append(" <[").append(i).append("]>");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GrammarSource.gbnf(many.toString()))
                .withMessageContaining("at most 256 different tokens");
        for (String wrong : List.of("<a", "<[1>", "<[x]>", "!<a>", "<[1]")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> GrammarSource.gbnf("root ::= " + wrong))
                    .withMessageStartingWith("GBNF, line 1");
        }
    }

    /** Rules of the same names in several schemas are different rules. */
    @Test
    void composedSchemasKeepTheirReferences() {
        String list = "{\"$ref\": \"#/$defs/x\", \"$defs\": {\"x\": {\"type\": \"array\", \"items\": %s}}}";
        GrammarSource both = GrammarSource.sequence(List.of(
                GrammarSource.jsonSchema(list.formatted("{\"const\": 1}")),
                GrammarSource.text("-"),
                GrammarSource.zeroOrMore(GrammarSource.jsonSchema(list.formatted("{\"const\": 2}")))));
        Texts texts = Texts.of(both);
        assertThat(List.of("[1]-", "[1,1]-[2]", "[]-[][2,2]")).allMatch(texts::has);
        assertThat(List.of("[2]-", "[1]-[1]", "-", "[1][2]")).noneMatch(texts::has);
    }

    /** Derivatives that are too many are dropped, and the texts that go on follow. */
    @Test
    void textsGoOnWhenDerivativesAreDropped() throws Exception {
        GrammarSource source = GrammarSource.jsonSchema(
                "{\"type\":\"string\",\"pattern\":\"[^a-m].{2}$\",\"minLength\":700,\"maxLength\":750}");
        GrammarConstraint constraint = constraint(source);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try {
            List<Callable<String>> calls = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                SplittableRandom random = new SplittableRandom(i);
                calls.add(() -> {
                    TokenConstraint.State state = constraint.begin(4000);
                    ByteArrayOutputStream text = new ByteArrayOutputStream();
                    BitSet allowed = new BitSet();
                    while (state.canContinue()) {
                        state.allowed(allowed);
                        int id = any(allowed, random);
                        state.accept(id);
                        text.writeBytes(TOKENS.get(id));
                    }
                    return text.toString(StandardCharsets.UTF_8);
                });
            }
            for (Future<String> one : pool.invokeAll(calls)) {
                String text = JSON.readTree(one.get()).asText();
                assertThat(text.codePointCount(0, text.length())).isBetween(700, 750);
                assertThat(text).containsPattern("[^a-m].{2}$");
            }
        } finally {
            pool.shutdown();
        }
    }

    /** Workers whose work is done when a test says so. */
    private static class HeldWork implements GrammarConstraint.Workers {
        private static final long FEW_STEPS = 50_000;

        private final Deque<Runnable> work = new ArrayDeque<>();
        private long atOnce;

        @Override
        public CompletableFuture<?> submit(Runnable one) {
            CompletableFuture<Boolean> end = new CompletableFuture<>();
            work.add(() -> {
                try {
                    one.run();
                    end.complete(true);
                } catch (RuntimeException e) {
                    end.completeExceptionally(e);
                }
            });
            return end;
        }

        @Override
        public long fewSteps() {
            return FEW_STEPS;
        }

        @Override
        public void computed(long steps) {
            atOnce += steps;
        }
    }

    private static TokenConstraint.State begin(GrammarConstraint constraint, HeldWork workers) {
        return constraint
                .using(workers, failure -> new IllegalStateException("refused: " + failure.getMessage(), failure))
                .begin(1000);
    }

    /** In any string each of many tokens must be tried. */
    private static GrammarConstraint large() {
        List<byte[]> tokens = new ArrayList<>(TOKENS);
        for (int i = 0; i < 60_000; i++) {
            tokens.add(new byte[] {
                (byte) ('a' + i % 26),
                (byte) ('a' + i / 26 % 26),
                (byte) ('a' + i / 676 % 26),
                (byte) ('a' + i / 17_576)
            });
        }
        return new GrammarConstraint(
                GrammarSource.jsonSchema("{\"type\":\"string\",\"pattern\":\"^[a-z]*x.*$\"}"),
                new TokenTrie(tokens, Map.of()),
                false,
                GrammarConstraintTest::noTokens);
    }

    @Test
    void tokensThatTakeLongAreComputedByWorkers() {
        GrammarConstraint constraint = large();
        HeldWork workers = new HeldWork();
        TokenConstraint.State state = begin(constraint, workers);
        TokenConstraint.State alone = large().begin(1000);
        BitSet allowed = new BitSet();
        BitSet expected = new BitSet();
        int pending = 0;
        for (int i = 0; i < 60 && alone.canContinue(); i++) {
            CompletableFuture<?> before = state.pending();
            if (before != null) {
                pending++;
                assertThat(state.pending()).isSameAs(before);
                // Other texts do not wait for it.
                TokenConstraint.State other = begin(constraint, workers);
                assertThat(other.isComplete()).isFalse();
                workers.work.remove().run();
                assertThat(before).isDone();
            }
            assertThat(state.pending()).isNull();
            state.allowed(allowed);
            alone.allowed(expected);
            assertThat(allowed).isEqualTo(expected);
            int id = allowed.previousSetBit(allowed.length());
            state.accept(id);
            alone.accept(id);
        }
        assertThat(pending).isPositive();
        assertThat(workers.atOnce).isPositive();
        workers.work.clear();
        TokenConstraint.State small = begin(constraint(GrammarSource.jsonSchema("{\"type\":\"integer\"}")), workers);
        assertThat(small.pending()).isNull();
        assertThat(workers.work).isEmpty();
    }

    @Test
    void whatAWorkerCannotComputeIsRefused() {
        GrammarConstraint constraint = large();
        CompletableFuture<Boolean> failed = new CompletableFuture<>();
        failed.completeExceptionally(new IllegalStateException("refused"));
        HeldWork workers = new HeldWork() {
            @Override
            public CompletableFuture<?> submit(Runnable one) {
                return failed;
            }
        };
        TokenConstraint.State refused =
                constraint.using(workers, failure -> failure).begin(1000);
        refused.allowed(new BitSet());
        refused.accept('"');
        assertThat(refused.pending()).isSameAs(failed);
        assertThat(refused.pending()).isNull();
        assertThatIllegalStateException().isThrownBy(refused::canContinue).withMessage("refused");
    }
}
