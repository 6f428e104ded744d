package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;

/** Texts of clients for an encoder. */
class ClientTextsTest {
    private static final RequestOptions NOW = RequestOptions.defaults();

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        Path source = Path.of(Objects.requireNonNull(getClass().getResource("/golden/encoder_forward"))
                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(source.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("tokenizer.json"), EncoderFolderTest.TOKENIZER);
        Files.writeString(
                folder.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"a \", \"document\": \"b \"}}");
    }

    @Test
    void theTokensAreThoseOfTheFolder() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            ClientTexts texts = new ClientTexts(encoder);
            List<String> all = List.of("a b", "c");
            assertThat(texts.tokens("x", all, NOW))
                    .hasToString(encoder.tokens(all).toString());
            assertThat(texts.queries("x", all, NOW).tokens())
                    .isEqualTo(encoder.queries(all).tokens());
            assertThat(texts.documents("x", all, NOW).tokens())
                    .isEqualTo(encoder.documents(all).tokens());
        }
    }

    @Test
    void whatIsWrongIsForTheClient() throws IOException {
        EncoderFolder encoder = EncoderFolder.open(folder);
        ClientTexts texts = new ClientTexts(encoder);
        for (List<String> wrong : List.of(List.<String>of(), List.of(""), List.of("a", " "))) {
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> texts.tokens("x", wrong, NOW))
                    .matches(e -> e.reason() == Reason.INVALID_INPUT);
        }
        encoder.close();
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> texts.tokens("x", List.of("a"), NOW))
                .matches(e -> e.reason() == Reason.CLOSED);
    }

    @Test
    void onlyEmbeddingsAreEmbeddings() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(EncoderFolder.requireEmbeddings(encoder.sentenceEmbeddings()))
                    .isNotNull();
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            EncoderFolder.requireEmbeddings(encoder.model().meanClassifier(3, 1)))
                    .withMessage("the model must return an embedding of each text, found a classifier with 3 outputs");
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            EncoderFolder.requireEmbeddings(encoder.model().lastHiddenState()))
                    .withMessageContaining("such as that of each token");
        }
    }
}
