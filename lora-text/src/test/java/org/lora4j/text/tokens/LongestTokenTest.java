package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.io.ModelSource;

/** The longest token of vocabularies in all forms of {@code tokenizer.json}. */
class LongestTokenTest {
    @TempDir
    private Path folder;

    private int longest(byte[] content) throws IOException {
        Files.write(folder.resolve("tokenizer.json"), content);
        return LongestToken.read(ModelSource.of(folder));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | 1",
                "{'model': {'vocab': {'a': 0, 'abc': 1, 'ab': 2}, 'merges': ['a bcdefghijk']}} | 3",
                "{'model': {'type': 'Unigram', 'vocab': [['a', 0.0], ['abcd', -1.5]]}} | 4",
                "{'added_tokens': [{'id': 1, 'content': 'abcde', 'single_word': false}], 'model': {'vocab': {'a': 0}}} | 5",
                "{'normalizer': {'vocab': {'abcdefgh': 1}}, 'model': {'vocab': {'ab': 0}}} | 2",
                "{'model': null, 'added_tokens': []} | 1"
            })
    void isThatOfTheVocabularyAndOfTheAddedTokens(String json, int expected) throws IOException {
        assertThat(longest(json.replace('\'', '"').getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isEqualTo(expected);
    }

    @Test
    void isFoundInARealVocabulary() throws IOException {
        // "telecommunications", "internationalization" and the like
        assertThat(longest(Tokenizers.miniLmFile())).isEqualTo(18);
    }

    @Test
    void whatIsNoJsonIsRefused() {
        assertThatIOException().isThrownBy(() -> longest(new byte[] {'{', '1'})).withMessageContaining("must be JSON");
    }

    /** The ids alone are those of the whole encoding. */
    @Test
    void theIdsAloneAreTheSame() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes("<|im_start|>"));
        try (Tokenizer bytes = Tokenizer.load(folder);
                Tokenizer words =
                        Tokenizer.load(Files.write(folder.resolve("words.json"), Tokenizers.miniLmFile()), 100)) {
            for (String text :
                    new String[] {"", "a", "<|im_start|>\u00fc \ud83d\ude00", "\ud800 half", "where is it?"}) {
                for (Tokenizer one : new Tokenizer[] {bytes, words}) {
                    assertThat(one.ids(text, true)).isEqualTo(one.encode(text).ids());
                    assertThat(one.ids(text, false))
                            .isEqualTo(one.encodeRendered(text).ids());
                }
            }
        }
    }
}
