package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.tokens.Tokenizer;

/** Folders with decoders, and what kind of model a folder has. */
class DecoderFolderTest {
    @TempDir
    private Path folder;

    private void write(String golden) throws IOException, URISyntaxException {
        Path source = Path.of(Objects.requireNonNull(getClass().getResource("/golden/" + golden))
                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.write(folder.resolve(file), Files.readAllBytes(source.resolve(file)));
        }
        Files.writeString(folder.resolve("tokenizer.json"), EncoderFolderTest.TOKENIZER);
    }

    @Test
    void aDecoderIsOpenedWhole() throws IOException, URISyntaxException {
        for (String golden : List.of("decoder_llama", "decoder_gpt2")) {
            write(golden);
            assertThat(ModelConfig.read(folder).isDecoder()).isTrue();
            assertThat(ModelConfig.read(folder).isClassifier()).isFalse();
            try (DecoderFolder decoder = DecoderFolder.open(folder)) {
                assertThat(decoder.name()).isEqualTo(folder.getFileName().toString());
                assertThat(decoder.network().outputEmbedding()).isPresent();
                assertThat(decoder.network()).isSameAs(decoder.network());
                assertThat(decoder.tokenizer().encode("a b").ids()).contains(7, 8);
                assertThat(decoder.maxLength()).isPositive();
                assertThat(decoder.template()).isEmpty();
                assertThatExceptionOfType(IOException.class)
                        .isThrownBy(decoder::requireTemplate)
                        .withMessageContaining("the model must have a chat template");
                assertThat(decoder.model().hasClassifier()).isFalse();
                assertThat(decoder.model().classifier(3, 1).outputSize()).isEqualTo(3);
                Sequences tokens = Sequences.of(new int[][] {{4, 5, 6}});
                assertThat(decoder.model().lastHiddenState().predict(tokens).rows())
                        .isEqualTo(3);
            }
        }
    }

    @Test
    void whatWasSavedIsOpenedWithItsClassifierAndItsEnd() throws IOException, URISyntaxException {
        for (String golden : List.of("decoder_llama", "decoder_gpt2")) {
            write(golden);
            try (DecoderFolder decoder = DecoderFolder.open(folder)) {
                decoder.model().save(decoder.model().classifier(3, 1), folder);
            }
            Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [5, 6]}");
            assertThat(ModelConfig.read(folder).isClassifier()).isTrue();
            try (DecoderFolder decoder = DecoderFolder.open(folder, BaseStorage.of(Precision.BFLOAT16))) {
                assertThat(decoder.model().hasClassifier()).isTrue();
                assertThat(decoder.endIds()).contains(5, 6);
            }
        }
    }

    @Test
    void aBadFileLeavesNoTokenizerOpen() throws IOException, URISyntaxException {
        write("decoder_llama");
        PretrainedModel model = PretrainedModel.load(folder);
        for (String file : List.of("generation_config.json", "tokenizer_config.json", "tokenizer.json")) {
            Tokenizer tokenizer = Tokenizer.load(folder);
            Files.writeString(folder.resolve(file), "{\"model\": [");
            assertThatThrownBy(() -> new DecoderFolder(ModelSource.of(folder), model, tokenizer))
                    .hasMessageContaining(file);
            assertThatIllegalStateException().isThrownBy(() -> tokenizer.encode("a"));
            Files.delete(folder.resolve(file));
        }
    }

    /** What is missing is said before the weights are read, which take long. */
    @Test
    void bothReadersSayWhatIsMissing() throws IOException, URISyntaxException {
        for (String golden : List.of("decoder_llama", "encoder_forward")) {
            write(golden);
            Files.delete(folder.resolve("model.safetensors"));
            assertNotOpened("model.safetensors");
            Files.delete(folder.resolve("tokenizer.json"));
            assertNotOpened(
                    "the folder of a model must have config.json, model.safetensors and tokenizer.json, found no"
                            + " tokenizer.json");
            Files.delete(folder.resolve("config.json"));
            assertNotOpened("must be the folder of a model, with config.json, found none");
            Files.createFile(folder.resolve("adapter_config.json"));
            assertNotOpened("found an adapter; give the folder of its base");
            Files.delete(folder.resolve("adapter_config.json"));
        }
    }

    private void assertNotOpened(String message) throws IOException {
        ThrowingCallable encoder = () -> EncoderFolder.open(folder);
        ThrowingCallable decoder = () -> DecoderFolder.open(folder);
        boolean hasConfig = Files.exists(folder.resolve("config.json"));
        boolean isDecoder = hasConfig && ModelConfig.read(folder).isDecoder();
        for (ThrowingCallable open : hasConfig ? List.of(isDecoder ? decoder : encoder) : List.of(encoder, decoder)) {
            assertThatExceptionOfType(IOException.class).isThrownBy(open).withMessageContaining(message);
        }
    }

    @Test
    void theWrongKindIsRefused() throws IOException, URISyntaxException {
        write("encoder_forward");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DecoderFolder.open(folder))
                .withMessageContaining("generation needs a decoder, such as Llama, Qwen or GPT-2, found an encoder");
        assertThat(ModelConfig.read(folder).requireEncoder("an embedding").isDecoder())
                .isFalse();
        try (EncoderFolder encoder = EncoderFolder.open(folder, BaseStorage.of(Precision.INT8))) {
            assertThat(encoder.tokens(List.of("a b")).tokens()).isEqualTo(4);
        }
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"t5\"}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelConfig.read(folder))
                .withMessageContaining("model_type must be one of [bert, roberta,")
                .withMessageEndingWith("found 't5'");
        Files.writeString(folder.resolve("config.json"), "{");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelConfig.read(folder))
                .withMessageContaining("must be valid JSON");
        Files.move(folder.resolve("config.json"), folder.resolve("adapter_config.json"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> ModelConfig.read(folder))
                .withMessageContaining("found an adapter; give the folder of its base");
    }
}
