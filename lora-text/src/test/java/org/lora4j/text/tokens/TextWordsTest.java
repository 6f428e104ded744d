package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the words and the tokens of a text lie. */
class TextWordsTest {
    private static List<String> words(String text) {
        TextWords words = TextWords.of(text);
        return IntStream.range(0, words.words().size()).mapToObj(words::word).toList();
    }

    @Test
    void dividesTexts() {
        assertThat(words("Ann's mail: a.b@c.de"))
                .containsExactly("Ann", "'", "s", "mail", ":", "a", ".", "b", "@", "c", ".", "de");
        assertThat(words("tel +49 30/123-4")).containsExactly("tel", "+", "49", "30", "/", "123", "-", "4");
        assertThat(words("na\u00EFve cafe\u0301")).containsExactly("na\u00EFve", "cafe\u0301");
        assertThat(words("\u6771\u4EAC\u306F ab\u4EACcd"))
                .containsExactly("\u6771", "\u4EAC", "\u306F", "ab", "\u4EAC", "cd");
        assertThat(words("\u0E27\u0E31\u0E2A")).containsExactly("\u0E27\u0E31", "\u0E2A");
        assertThat(words("\uD83D\uDE00ok\uD83D\uDE00")).containsExactly("\uD83D\uDE00", "ok", "\uD83D\uDE00");
        assertThat(words("a\u200Bb\tc\u0000d")).containsExactly("a", "b", "c", "d");
        assertThat(words("x\uD83D")).containsExactly("x", "\uD83D");
        assertThat(words(" \n ")).isEmpty();
        assertThat(words("")).isEmpty();
    }

    @Test
    void joinsWords() {
        TextWords words = TextWords.join(List.of("U.S.", "of A", "\uD83D\uDE00"));
        assertThat(words.text()).isEqualTo("U.S. of A \uD83D\uDE00");
        assertThat(words.words())
                .containsExactly(new TextWords.Word(0, 4), new TextWords.Word(5, 9), new TextWords.Word(10, 12));
        assertThat(words.word(1)).isEqualTo("of A");
    }

    @Test
    void refusesWordsThatDoNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextWords.join(List.of("a", "")))
                .withMessage("words: each must have a character, found none in word 1");
        assertThatNullPointerException()
                .isThrownBy(() -> TextWords.join(Arrays.asList("a", null)))
                .withMessage("words: each must be a text, found null for word 1");
        for (List<TextWords.Word> wrong : List.of(
                List.of(new TextWords.Word(0, 4)),
                List.of(new TextWords.Word(0, 2), new TextWords.Word(1, 3)),
                List.of(new TextWords.Word(1, 1)),
                List.of(new TextWords.Word(-1, 1)))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new TextWords("abc", wrong))
                    .withMessageContaining("must lie in the text of 3 chars behind the one before it");
        }
    }

    /** Each token lies where its text is, also behind characters of two halves. */
    @ParameterizedTest
    @ValueSource(
            strings = {"Hello world", "na\u00EFve \uD83D\uDE00 caf\u00E9s, x", "  two  spaces ", "\u6771\u4EAC tower"})
    void theTokensOfWordPieceLieInTheText(String text) {
        try (Tokenizer tokenizer = Tokenizers.miniLm(512)) {
            TokenOffsets offsets = tokenizer.offsets(text);
            int[] ids = tokenizer.encode(text).ids();
            assertThat(offsets.ids()).isEqualTo(ids);
            assertThat(offsets.isSpecial(0)).isTrue();
            assertThat(offsets.isSpecial(offsets.size() - 1)).isTrue();
            assertThat(offsets.start(0)).isEqualTo(-1);
            for (int i = 1; i + 1 < offsets.size(); i++) {
                assertThat(offsets.isSpecial(i)).isFalse();
                String part = text.substring(offsets.start(i), offsets.end(i));
                String token = tokenizer.decode(new int[] {ids[i]}, false).replace("##", "");
                if (!token.equals("[UNK]")) {
                    assertThat(Normalizer.normalize(part, Normalizer.Form.NFD)
                                    .replaceAll("\\p{M}", "")
                                    .toLowerCase(Locale.ROOT))
                            .isEqualTo(token);
                }
            }
        }
    }

    @Test
    void theTokensOfBytesLieInTheText() throws IOException {
        byte[] file = Tokenizers.bytes().getBytes(StandardCharsets.UTF_8);
        try (Tokenizer tokenizer = Tokenizer.read(new ByteArrayInputStream(file))) {
            String text = "a\u00E9\uD83D\uDE00b";
            TokenOffsets offsets = tokenizer.offsets(text);
            // One byte, two, four and one.
            int[] starts =
                    IntStream.range(0, offsets.size()).map(offsets::start).toArray();
            int[] ends = IntStream.range(0, offsets.size()).map(offsets::end).toArray();
            assertThat(starts).containsExactly(0, 1, 1, 2, 2, 2, 2, 4);
            assertThat(ends).containsExactly(1, 2, 2, 4, 4, 4, 4, 5);
        }
    }

    @Test
    void aLetterThatBecomesTwoInLowerCaseHasOnePlace() {
        assertThat(TokenOffsets.placesInLower("a\u0130\uD83D\uDE00b")).containsExactly(0, 1, 1, 2, 4, 5);
        assertThat(TokenOffsets.places("a\uD83D\uDE00b")).containsExactly(0, 1, 3, 4);
    }
}
