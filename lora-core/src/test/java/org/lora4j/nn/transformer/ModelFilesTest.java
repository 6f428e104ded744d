package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The files of a model's folder, which may come from strangers. */
class ModelFilesTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Sequences INPUT = Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2});
    private static final String MEAN = "{\"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true}";
    private static final String FIRST = "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}";
    private static final String MODULES = """
            [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
             {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
             {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void copy() throws Exception {
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(GoldenCase.of("encoder_forward").folder().resolve(file), folder.resolve(file));
        }
        Files.createDirectories(folder.resolve("1_Pooling"));
    }

    private void replaceConfig(String from, String to) throws Exception {
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        assertThat(text).contains(from);
        Files.writeString(config, text.replace(from, to));
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "1_Pooling/config.json", "modules.json", "model.safetensors"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aPipeOrADeviceIsRefused(String name) throws Exception {
        Path file = folder.resolve(name);
        Files.deleteIfExists(file);
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
                SOON,
                () -> assertThatThrownBy(() -> PretrainedModel.load(folder))
                        .isInstanceOf(FileSystemException.class)
                        .hasMessage(file + ": must be a regular file, found a device, a pipe or a socket"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"3", "40", "9999999", "10000000", "10000001", "2147483646", "2147483647"})
    void moreLayersThanTheFileHasAreRefusedAtOnce(String layers) throws Exception {
        replaceConfig("\"num_hidden_layers\": 2", "\"num_hidden_layers\": " + layers);
        ProcessorTime.limit(
                SOON,
                () -> assertThatThrownBy(() -> PretrainedModel.load(folder))
                        .hasMessageMatching("(?s).*(num_hidden_layers|missing 'encoder\\.layer\\.2).*"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"vocab_size\": 60",
                "\"hidden_size\": 24",
                "\"intermediate_size\": 48",
                "\"max_position_embeddings\": 16",
                "\"type_vocab_size\": 2"
            })
    void othersSizesThanTheFileHasAreRefusedAtOnce(String size) throws Exception {
        String key = size.substring(0, size.indexOf(':'));
        String text = Files.readString(folder.resolve("config.json"));
        for (String other : new String[] {"1", "9999999", "10000001", "2147483646", "2147483647"}) {
            Files.writeString(folder.resolve("config.json"), text.replace(size, key + ": " + other));
            ProcessorTime.limit(
                    SOON,
                    () -> assertThatThrownBy(() -> PretrainedModel.load(folder)).hasMessageContaining("must be"));
        }
    }

    private INDArray embeddings() throws Exception {
        return PretrainedModel.load(folder, DataType.DOUBLE)
                .sentenceEmbeddings()
                .predict(INPUT);
    }

    private INDArray expected(boolean first) throws Exception {
        PretrainedModel model = PretrainedModel.load(folder, DataType.DOUBLE);
        INDArray states = model.lastHiddenState().predict(INPUT);
        INDArray pooled = first ? states.getRows(0, 3) : model.meanPooled().predict(INPUT);
        return pooled.divColumnVector(Transforms.sqrt(pooled.mul(pooled).sum(true, 1)));
    }

    private void writePooling(String text) throws Exception {
        Files.writeString(folder.resolve("1_Pooling").resolve("config.json"), text);
    }

    @Test
    void theFolderDecidesThePooling() throws Exception {
        INDArray mean = expected(false);
        INDArray first = expected(true);
        assertThat(mean.distance2(first)).isGreaterThan(0.1);
        GoldenCase.assertClose("no file", embeddings(), mean, 1e-12);
        for (String text : new String[] {MEAN, "{\"pooling_mode\": \"mean\", \"include_prompt\": true}"}) {
            writePooling(text);
            GoldenCase.assertClose(text, embeddings(), mean, 1e-12);
        }
        for (String text : new String[] {FIRST, "{\"pooling_mode\": \"cls\"}"}) {
            writePooling(text);
            GoldenCase.assertClose(text, embeddings(), first, 1e-12);
        }
        Files.writeString(folder.resolve("modules.json"), MODULES);
        GoldenCase.assertClose("modules", embeddings(), first, 1e-12);
    }

    @Test
    void aSourceInMemoryMeansTheSameAsAFolder() throws Exception {
        writePooling(FIRST);
        Files.writeString(folder.resolve("modules.json"), MODULES);
        FilesInMemory memory = FilesInMemory.read(folder);
        for (BaseStorage storage : List.of(BaseStorage.of(Precision.FLOAT), BaseStorage.of(Precision.BFLOAT16))) {
            assertThat(PretrainedModel.load(memory, storage)
                            .sentenceEmbeddings()
                            .predict(INPUT)
                            .toFloatMatrix())
                    .isDeepEqualTo(PretrainedModel.load(folder, storage)
                            .sentenceEmbeddings()
                            .predict(INPUT)
                            .toFloatMatrix());
        }
        PretrainedModel model = PretrainedModel.load(memory, DataType.DOUBLE).withDropout(0.5);
        assertThat(model.pooling()).containsExactly(Pooling.Method.CLS);
        GoldenCase.assertClose(
                "first", model.withDropout(0).sentenceEmbeddings().predict(INPUT), expected(true), 1e-12);
        memory.files().remove("modules.json");
        memory.files().remove("1_Pooling/config.json");
        PretrainedModel plain = PretrainedModel.load(memory, DataType.DOUBLE);
        assertThat(plain.pooling()).containsExactly(Pooling.Method.MEAN);
        GoldenCase.assertClose("mean", plain.sentenceEmbeddings().predict(INPUT), expected(false), 1e-12);
        memory.files().remove("config.json");
        assertThatThrownBy(() -> PretrainedModel.load(memory, DataType.FLOAT))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage("memory/config.json");
    }

    @Test
    void listsTheFilesThatAreRead() throws Exception {
        writePooling(FIRST);
        Files.writeString(folder.resolve("README.md"), "of no meaning");
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/tool_use.jinja"), "{{ tools }}");
        ModelSource source = ModelSource.of(folder);
        assertThat(ModelFiles.settings(source))
                .containsExactly("config.json", "1_Pooling/config.json", "additional_chat_templates/tool_use.jinja");
        assertThat(ModelFiles.weights(source)).containsExactly("model.safetensors");
        assertThat(source.name()).isEqualTo(folder.getFileName().toString());
        assertThat(source.describe("config.json"))
                .isEqualTo(folder.resolve("config.json").toString());
    }

    @Test
    void aSavedModelIsPooledAsBefore(@TempDir Path other) throws Exception {
        writePooling(FIRST);
        Files.writeString(folder.resolve("modules.json"), MODULES);
        PretrainedModel model = PretrainedModel.load(folder, DataType.DOUBLE);
        model.save(model.sentenceEmbeddings().copy(), other);
        GoldenCase.assertClose(
                "saved",
                PretrainedModel.load(other, DataType.DOUBLE)
                        .sentenceEmbeddings()
                        .predict(INPUT),
                expected(true),
                1e-12);
        assertThat(other.resolve("modules.json")).hasContent(MODULES);
        Files.delete(folder.resolve("modules.json"));
        Files.delete(folder.resolve("1_Pooling/config.json"));
        PretrainedModel plain = PretrainedModel.load(folder, DataType.DOUBLE);
        plain.save(plain.sentenceEmbeddings().copy(), other);
        GoldenCase.assertClose(
                "replaced",
                PretrainedModel.load(other, DataType.DOUBLE)
                        .sentenceEmbeddings()
                        .predict(INPUT),
                expected(false),
                1e-12);
    }

    @Test
    void anotherPoolingIsRefusedByName() throws Exception {
        writePooling("{\"pooling_mode_something_new\": true, \"pooling_mode_mean_tokens\": false}");
        PretrainedModel model = PretrainedModel.load(folder);
        assertThatThrownBy(model::sentenceEmbeddings)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("1_Pooling/config.json: ")
                .hasMessageContaining("found 'pooling_mode_something_new'");
        assertThat(model.meanPooled().predict(INPUT).size(0)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{",
                "{\"pooling_mode\": \"middle\"}",
                "{\"pooling_mode\": [\"mean\", \"middle\"]}",
                "{\"pooling_mode\": []}",
                "{\"pooling_mode\": [\"mean\", \"max\", \"mean\"]}",
                "{\"pooling_mode\": null, \"pooling_mode_mean_tokens\": true}",
                "{\"pooling_mode_mean_tokens\": false}",
                "{\"pooling_mode_mean_tokens\": \"yes\"}",
                "{\"pooling_mode_mean_tokens\": 1}",
                "{\"pooling_mode\": \"mean\", \"include_prompt\": \"no\"}"
            })
    void aPoolingThatIsNotClearIsRefused(String text) throws Exception {
        writePooling(text);
        PretrainedModel model = PretrainedModel.load(folder);
        assertThatThrownBy(model::sentenceEmbeddings)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("1_Pooling/config.json: ");
    }
}
