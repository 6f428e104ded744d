package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.internal.TextCheck;

class TokenizerTest {
    private static final int CLS = 101;
    private static final int SEP = 102;

    private static Tokenizer eight;

    @BeforeAll
    static void load() {
        eight = Tokenizers.miniLm(8);
    }

    @AfterAll
    static void close() {
        eight.close();
    }

    @Test
    void addsTheSpecialTokens() {
        TokenizedText hello = eight.encode("Hello");
        assertThat(hello.ids()).containsExactly(CLS, 7592, SEP);
        assertThat(hello.types()).containsExactly(0, 0, 0);
        assertThat(hello.mask()).containsExactly(1, 1, 1);
        assertThat(hello.isCut()).isFalse();
        assertThat(hello.size()).isEqualTo(3);
        assertThat(hello).hasToString("TokenizedText(3 tokens)");
        assertThat(eight.encodeRendered("hello").ids()).containsExactly(7592);
        assertThat(eight.specialTokens()).isEqualTo(2);
        assertThat(eight.maxTokens()).isEqualTo(8);
    }

    @Test
    void saysWhatItCut() {
        TokenizedText text = eight.encode("one two three four five six seven eight nine");
        assertThat(text.size()).isEqualTo(8);
        assertThat(text.isCut()).isTrue();
        assertThat(text).hasToString("TokenizedText(8 tokens, cut)");
        assertThat(eight.encodeRendered("one two three four five six seven eight nine")
                        .isCut())
                .isTrue();
        assertThat(eight.encode("one two three four five six").isCut()).isFalse();
        List<TokenizedText> both = eight.encode(List.of("one", "one two three four five six seven"));
        assertThat(both).extracting(TokenizedText::isCut).containsExactly(false, true);
    }

    @Test
    void aPairHasTypesAndIsCutFromTheLongerText() {
        TokenizedText pair = eight.encode("one two", "three");
        assertThat(eight.decode(pair.ids(), false)).isEqualTo("[CLS] one two [SEP] three [SEP]");
        assertThat(pair.types()).containsExactly(0, 0, 0, 0, 1, 1);
        assertThat(pair.isCut()).isFalse();

        TokenizedText cut = eight.encode("one two three four five six seven", "eight nine");
        assertThat(cut.types()).containsExactly(0, 0, 0, 0, 0, 1, 1, 1);
        assertThat(cut.isCut()).isTrue();
        assertThat(eight.encodePairs(List.of(new TextPair("one two", "three")))
                        .get(0)
                        .ids())
                .containsExactly(pair.ids());
    }

    @Test
    void pairsAreABatchWithTypes() {
        Sequences batch = eight.pairSequences(List.of(new TextPair("one two", "three"), new TextPair("one", " ")));
        assertThat(batch)
                .isEqualTo(Sequences.of(
                        new int[][] {
                            eight.encode("one two", "three").ids(),
                            eight.encode("one", "").ids()
                        },
                        null,
                        new int[][] {{0, 0, 0, 0, 1, 1}, {0, 0, 0, 1}}));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> eight.pairSequences(List.of(new TextPair("one", "two"), new TextPair(" ", "\u0000"))))
                .withMessageStartingWith("each pair must have at least one token, found none in pair 1");
    }

    @Test
    void aTextOfTenMegabytesIsCut() {
        TokenizedText text = eight.encode("word ".repeat(2_000_000));
        assertThat(text.size()).isEqualTo(8);
        assertThat(text.isCut()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\u0000", "\u0007\u0008"})
    void aTextWithoutTokensHasTheSpecialOnes(String text) {
        assertThat(eight.encode(text).ids()).containsExactly(CLS, SEP);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> eight.sequences(List.of("a", text)))
                .withMessageStartingWith("each text must have at least one token, found none in text 1");
    }

    @Test
    void halfACharacterCountsAsTheReplacement() {
        int[] replaced = eight.encode("a \uFFFD b").ids();
        assertThat(eight.encode("a \uD800 b").ids()).containsExactly(replaced);
        assertThat(eight.encode("a \uDC00 b").ids()).containsExactly(replaced);
        assertThat(eight.encode("a b \uD83D").ids())
                .containsExactly(eight.encode("a b \uFFFD").ids());
        assertThat(TextCheck.wellFormed("\uD83D\uDE80\uD83D\uDE80\uDE80")).isEqualTo("\uD83D\uDE80\uD83D\uDE80\uFFFD");
    }

    @Test
    void textsBecomeABatch() {
        Sequences batch = eight.sequences(List.of("hello", "hello hello"));
        assertThat(batch.count()).isEqualTo(2);
        assertThat(batch.tokens()).isEqualTo(7);
        List<String> many = Collections.nCopies(150, "hello");
        assertThat(eight.sequences(many).tokens()).isEqualTo(450);
        assertThat(eight.encode(many)).hasSize(150);
    }

    @Test
    @SuppressWarnings("NullAway") // passes null on purpose
    void aTextThatIsNullIsNamedByItsPlace() {
        assertThatNullPointerException()
                .isThrownBy(() -> eight.sequences(Arrays.asList("a text", null)))
                .withMessage("texts: each must be a text, found null at index 1");
        assertThatNullPointerException()
                .isThrownBy(() -> eight.encodePairs(Arrays.asList((TextPair) null)))
                .withMessage("pairs: each must be a text, found null at index 0");
    }

    @Test
    void decodesWithAndWithoutSpecialTokens() {
        int[] ids = eight.encode("hello world").ids();
        assertThat(eight.decode(ids)).isEqualTo("hello world");
        assertThat(eight.decode(ids, false)).isEqualTo("[CLS] hello world [SEP]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> eight.decode(new int[] {-1}))
                .withMessage("ids: a token must be at least 0, found -1");
    }

    @Test
    void findsTheIdOfASpecialToken() {
        assertThat(eight.tokenId("[SEP]")).hasValue(SEP);
        assertThat(eight.tokenId("hello")).hasValue(7592);
        assertThat(eight.tokenId("two words")).isEmpty();
        assertThat(eight.tokenId("🦩")).isEmpty();
    }

    @Test
    void aStreamGivesWholeCharactersAndAllOfTheText(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes("<|end|>"));
        try (Tokenizer bytes = Tokenizer.load(folder)) {
            String text = "naïve 🚀 北京!";
            TokenizedText encoded = bytes.encode(text + "<|end|>");
            assertThat(encoded.size()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length + 1);
            TokenStream stream = bytes.stream();
            StringBuilder all = new StringBuilder();
            for (int id : encoded.ids()) {
                String piece = stream.add(id);
                assertThat(piece).doesNotContain("\uFFFD");
                all.append(piece);
            }
            assertThat(all).hasToString(text);
            assertThat(stream.end()).isEmpty();

            TokenStream broken = bytes.stream();
            assertThat(broken.add(0xF0)).isEmpty();
            assertThat(broken.end()).isEqualTo("\uFFFD");
            assertThat(broken.end()).isEmpty();
            assertThat(broken.add('a')).isEqualTo("a");

            TokenStream noise = bytes.stream();
            int returned = 0;
            for (int i = 0; i < 100; i++) {
                returned += noise.add(0xFF).length();
            }
            assertThat(returned).isGreaterThan(90);
        }
    }

    @Test
    void aStreamKeepsTheSpacesOfWords() {
        TokenStream stream = eight.stream();
        int[] ids = eight.encode("hello world again").ids();
        StringBuilder all = new StringBuilder();
        for (int id : ids) {
            all.append(stream.add(id));
        }
        assertThat(all).hasToString("hello world again");
    }

    @Test
    void cutsWhereTheProgramSaysOrNowhere(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.write(file, Tokenizers.miniLmFile());
        try (Tokenizer whole = Tokenizer.load(folder);
                Tokenizer five = Tokenizer.load(file, 5)) {
            assertThat(whole.maxTokens()).isEqualTo(Integer.MAX_VALUE);
            assertThat(whole.encode("one ".repeat(1000)).size()).isEqualTo(1002);
            assertThat(five.encode("one two three four five").size()).isEqualTo(5);
        }
        Files.writeString(file, Tokenizers.bytes());
        try (Tokenizer all = Tokenizer.load(ModelSource.of(folder))) {
            assertThat(all.encode("x".repeat(10_000)).size()).isEqualTo(10_000);
        }
    }

    @Test
    void refusesANumberOfTokensThatLeavesNone(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("tokenizer.json"), Tokenizers.miniLmFile());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tokenizer.load(file, 2))
                .withMessage("maxTokens must be more than the 2 special tokens of a text, found 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> eight.withMaxTokens(0))
                .withMessage("maxTokens must be more than the 2 special tokens of a text, found 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}", "[1]"})
    void refusesADamagedFile(String content, @TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), content);
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": must be a file of Hugging Face's tokenizers, found ");
    }

    @Test
    void changesNoGlobalProperty() {
        assertThat(System.getProperty("ai.djl.offline")).isNull();
        System.setProperty("ai.djl.offline", "false");
        try {
            Tokenizers.miniLm(8).close();
            assertThat(System.getProperty("ai.djl.offline")).isEqualTo("false");
        } finally {
            System.clearProperty("ai.djl.offline");
        }
    }

    @Test
    void closingWaitsForTheCallsThatUseIt() throws Exception {
        Tokenizer tokenizer = Tokenizers.miniLm(8);
        CompletableFuture<?>[] calls = new CompletableFuture<?>[4];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = CompletableFuture.runAsync(() -> {
                try {
                    for (int j = 0; j < 1000; j++) {
                        tokenizer.encode("a text of some words");
                    }
                } catch (IllegalStateException e) {
                    assertThat(e).hasMessageContaining("must not be closed");
                }
            });
        }
        tokenizer.close();
        tokenizer.close();
        CompletableFuture.allOf(calls).get();
        assertThatIllegalStateException().isThrownBy(() -> tokenizer.encode("a"));
    }
}
