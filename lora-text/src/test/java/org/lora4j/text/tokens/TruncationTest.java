package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where other programs cut texts, which they read in the files of the tokenizer. */
class TruncationTest {
    private static final String LONG = "The quick brown fox, unbelievable, jumps over the lazy dog. ".repeat(10);

    @TempDir
    Path folder;

    private Path tokenizer() {
        return folder.resolve("tokenizer.json");
    }

    /** The native tokenizer, with what the file says alone. */
    private static int[] tokensElsewhere(Path file, String text, @Nullable String second) throws IOException {
        try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(file)) {
            var encoding = second == null ? theirs.encode(text) : theirs.encode(text, second);
            long[] mask = encoding.getAttentionMask();
            int tokens = (int) Arrays.stream(mask).sum();
            return Arrays.stream(encoding.getIds(), 0, tokens)
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
    }

    /** The file of MiniLM, of which the last program wrote that texts are cut at 128 tokens. */
    @ParameterizedTest
    @ValueSource(ints = {3, 9, 40, 128, 200})
    void othersCutWhereTheLibraryDoes(int most) throws IOException {
        Files.write(tokenizer(), Tokenizers.miniLmFile());
        Truncation.write(most, folder);
        try (Tokenizer ours = Tokenizers.miniLm(most)) {
            assertThat(tokensElsewhere(tokenizer(), LONG, null))
                    .hasSize(Math.min(most, ours.encode(List.of(LONG)).get(0).ids().length))
                    .isEqualTo(ours.encode(List.of(LONG)).get(0).ids());
            assertThat(tokensElsewhere(tokenizer(), LONG, "short"))
                    .isEqualTo(ours.encodePairs(List.of(new TextPair(LONG, "short")))
                            .get(0)
                            .ids());
        }
    }

    /** Whatever stands there, everything else stays as it is, also spaces and escapes. */
    @Test
    void allOtherBytesStay() throws IOException {
        String written = "{\"direction\": \"Right\", \"max_length\": 7, \"strategy\": \"LongestFirst\", \"stride\": 0}";
        for (List<String> form : List.of(
                List.of(
                        "{ \"a\" : [1.50, \"\\u00e9é\", {\"truncation\": 1}],\n\"truncation\" : ",
                        "null",
                        " , \"b\":1e-7}\n"),
                List.of("{\"truncation\":", "{\"max_length\": 9, \"x\": {\"y\": []}}", "}"),
                List.of("{\"b\": 1, \"truncation\":", "12", "\n}"))) {
            Files.writeString(tokenizer(), String.join("", form));
            Truncation.write(7, folder);
            assertThat(tokenizer()).content().isEqualTo(form.get(0) + written + form.get(2));
        }
        Files.writeString(tokenizer(), " {\"é\": 1}");
        Truncation.write(7, folder);
        assertThat(tokenizer()).content().isEqualTo(" {\"truncation\": " + written + ", \"é\": 1}");
    }

    @Test
    void theConfigurationOfTheTokenizerSaysItToo() throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        Truncation.write(7, folder);
        assertThat(folder).isEmptyDirectory();
        Files.writeString(config, "{\"model_max_length\": 512, \"truncation_side\": \"left\", \"other\": 1}");
        Truncation.write(7, folder);
        assertThat(config)
                .content()
                .isEqualToIgnoringWhitespace("{\"model_max_length\": 7, \"truncation_side\": \"right\", \"other\": 1}");
        Files.writeString(config, "{}");
        Truncation.write(8, folder);
        assertThat(config).content().isEqualToIgnoringWhitespace("{\"model_max_length\": 8}");
    }

    @Test
    void whatIsNoTokenizerIsRefused() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Truncation.write(0, folder))
                .withMessage("maxTokens must be at least 1, found 0");
        for (String wrong : List.of("[]", "{\"a\": ", "{\"truncation\": tru}", "")) {
            Files.writeString(tokenizer(), wrong);
            assertThatIOException()
                    .isThrownBy(() -> Truncation.write(7, folder))
                    .withMessageContaining("tokenizer.json: must be");
            assertThat(Files.readString(tokenizer(), StandardCharsets.UTF_8)).isEqualTo(wrong);
        }
    }
}
