package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a folder must have, and what its files decide. */
@Tag("slow")
class FolderTest {
    @TempDir
    private Path folder;

    @Test
    void aFolderThatIsNotThereIsRefused() {
        assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder.resolve("none")))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("none: must be the folder of a model, found nothing");
    }

    @Test
    void aFolderWithoutATokenizerIsRefused() throws IOException {
        MiniLm.copy(folder, "config.json", "model.safetensors");
        assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("found no tokenizer.json");
    }

    @Test
    void aFolderWithoutWeightsIsRefused() throws IOException {
        MiniLm.copy(folder, "config.json", "tokenizer.json");
        assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("model.safetensors");
        Files.createFile(folder.resolve("pytorch_model.bin"));
        assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("found pytorch_model.bin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}", "[1]", "{\"version\": \"1.0\", \"model\": {\"type\": \"None\"}}"})
    void aDamagedTokenizerIsRefused(String content) throws IOException {
        MiniLm.copy(folder);
        Files.writeString(folder.resolve("tokenizer.json"), content);
        assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tokenizer.json: must be a file of Hugging Face's tokenizers");
    }

    @Test
    void textsAreCutWhereTheFolderSays() throws IOException {
        // The tokenizer says 128, which counts for nothing.
        assertThat(tokens(LoRAEmbeddingModel.of(MiniLm.folder()))).isEqualTo(510);
        MiniLm.copy(folder);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 20}");
        assertThat(tokens(LoRAEmbeddingModel.of(folder))).isEqualTo(18);
        Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 256}");
        assertThat(tokens(LoRAEmbeddingModel.of(folder))).isEqualTo(254);
    }

    private static int tokens(LoRAEmbeddingModel model) {
        int tokens = Texts.inputTokens(model.embed(Texts.LONG));
        assertThat(model.maxTokens()).isEqualTo(tokens + 2);
        assertThat(model.tokens(List.of(Texts.LONG)).tokens()).isEqualTo(tokens + 2);
        return tokens;
    }

    private static LoRAEmbeddingModel cutAt(int maxTokens) throws IOException {
        return LoRAEmbeddingModel.builder(MiniLm.folder()).maxTokens(maxTokens).build();
    }

    @Test
    void textsAreCutAtTheNumberOfTokensThatIsGiven() throws IOException {
        assertThat(tokens(cutAt(512))).isEqualTo(510);
        assertThat(tokens(cutAt(3))).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 513})
    void aNumberOfTokensThatTheModelHasNotIsRefused(int maxTokens) {
        assertThatThrownBy(() -> cutAt(maxTokens))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxTokens must be between 1 and the 512 positions of the model, found " + maxTokens);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aNumberOfTokensThatLeavesNoneForTheTextIsRefused(int maxTokens) {
        assertThatThrownBy(() -> cutAt(maxTokens))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxTokens must be more than the 2 special tokens of a text, found " + maxTokens);
    }

    @Test
    void theMeanIsThePoolingOfAFileThatSaysSo() throws IOException {
        Embedding mean = LoRAEmbeddingModel.of(MiniLm.folder()).embed("a text").content();
        writePooling("{\"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true}");
        assertThat(LoRAEmbeddingModel.of(folder).embed("a text").content()).isEqualTo(mean);
    }

    @Test
    void theFirstTokenIsThePoolingOfAFileThatSaysSo() throws IOException {
        writePooling("{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
        LoRAEmbeddingModel model = LoRAEmbeddingModel.of(folder);
        INDArray states = PretrainedModel.load(folder).lastHiddenState().predict(model.tokens(List.of("a text")));
        Embedding first = Embedding.from(states.getRow(0).toFloatVector());
        assertThat(Texts.cosine(model.embed("a text").content(), first)).isGreaterThan(0.9999999);
    }

    @Test
    void anotherPoolingIsRefused() throws IOException {
        writePooling("{\"pooling_mode_middle_token\": true}");
        assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found 'pooling_mode_middle_token'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "tokenizer.json"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aPipeOrADeviceIsRefused(String name) throws Exception {
        MiniLm.copy(folder);
        Path file = folder.resolve(name);
        Files.delete(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        assertRefused(file);
        Files.delete(file);
        Files.createSymbolicLink(file, Path.of("/dev/zero"));
        assertRefused(file);
        Files.delete(file);
    }

    private void assertRefused(Path file) {
        ProcessorTime.limit(
                Duration.ofSeconds(60),
                () -> assertThatThrownBy(() -> LoRAEmbeddingModel.of(folder))
                        .isInstanceOf(IOException.class)
                        .hasMessage(file + ": must be a regular file, found a device, a pipe or a socket"));
    }

    private void writePooling(String content) throws IOException {
        MiniLm.copy(folder);
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling").resolve("config.json"), content);
    }

    @Test
    void theSettingOfDjlStaysAsItWas() throws IOException {
        LoRAEmbeddingModel first = LoRAEmbeddingModel.of(MiniLm.folder());
        assertThat(System.getProperty("ai.djl.offline")).isNull();
        System.setProperty("ai.djl.offline", "false");
        try {
            LoRAEmbeddingModel second = LoRAEmbeddingModel.of(MiniLm.folder());
            assertThat(System.getProperty("ai.djl.offline")).isEqualTo("false");
            assertThat(second.embed("a text")).isEqualTo(first.embed("a text"));
        } finally {
            System.clearProperty("ai.djl.offline");
        }
    }
}
