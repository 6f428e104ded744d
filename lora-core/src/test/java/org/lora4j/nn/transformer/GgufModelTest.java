package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.gguf.GgufAdapters;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.gguf.model.GgufPrecision;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.WeightedLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** GGUF files as models. The references are computed in double precision from the values that llama.cpp reads. */
class GgufModelTest {
    private static Path cases() {
        try {
            return Path.of(Objects.requireNonNull(GgufModelTest.class.getResource("/gguf/base"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode json(Path folder) {
        try {
            return new ObjectMapper().readTree(Files.readString(folder.resolve("case.json")));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static List<String> ofKind(String kind) throws IOException {
        try (Stream<Path> folders = Files.list(cases())) {
            return folders.filter(folder -> json(folder).path("kind").asText().equals(kind))
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    static List<String> decoders() throws IOException {
        return ofKind("gguf_decoder");
    }

    static List<String> encoders() throws IOException {
        return ofKind("gguf_encoder");
    }

    private static Path file(Path folder) {
        return folder.resolve(json(folder).path("model").asText("model.gguf"));
    }

    private static int[] ids(SafeTensors io, String name) throws IOException {
        return io.tensor(name).toIntVector();
    }

    private static double difference(INDArray found, INDArray expected) {
        return Differences.greatest(found, expected.reshape(found.shape()));
    }

    private static int count(SafeTensors io) {
        return (int)
                io.names().stream().filter(name -> name.startsWith("prompt_")).count();
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void computesTheLogitsOfADecoder(String name) throws IOException {
        Path folder = cases().resolve(name);
        double tolerance = json(folder).at("/tolerance/reference_absolute").doubleValue();
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        Network network = PretrainedModel.load(file(folder)).causal();
        assertThat(count(io)).isPositive();
        for (int i = 0; i < count(io); i++) {
            INDArray logits = network.predict(Sequences.of(ids(io, "prompt_" + i)));
            assertThat(difference(logits, io.tensor("logits_" + i))).isLessThan(tolerance);
            if (!io.names().contains("greedy_" + i)) {
                continue;
            }
            int[] greedy = ids(io, "greedy_" + i);
            int[] prompt = ids(io, "prompt_" + i);
            GenerationOptions options = GenerationOptions.greedy().withMaxTokens(greedy.length - prompt.length);
            assertThat(IntStream.concat(
                            IntStream.of(prompt),
                            IntStream.of(Generator.of(network)
                                    .generate(prompt, options)
                                    .ids())))
                    .containsExactly(IntStream.of(greedy).boxed().toArray(Integer[]::new));
        }
    }

    /** The other forms in which a model can be held. */
    @Test
    void aFileIsHeldInEveryPrecision() throws IOException {
        Path folder = cases().resolve("llama_q8_0");
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        Sequences prompt = Sequences.of(ids(io, "prompt_0"));
        INDArray doubles =
                PretrainedModel.load(file(folder), DataType.DOUBLE).causal().predict(prompt);
        assertThat(doubles.dataType()).isEqualTo(DataType.DOUBLE);
        // The reference is rounded to single precision.
        assertThat(difference(doubles, io.tensor("logits_0"))).isLessThan(2e-6);
        double largest = doubles.amaxNumber().doubleValue();
        for (Precision precision : List.of(Precision.BFLOAT16, Precision.INT8)) {
            Network network = PretrainedModel.load(file(folder), BaseStorage.of(precision))
                    .causal();
            assertThat(network.weightStorage())
                    .anyMatch(layer -> layer.precision().equals(precision.name()));
            assertThat(difference(network.predict(prompt), doubles)).isLessThan(0.03 * largest);
        }
    }

    /** The matrices that a file has in 4 bits stay bit for bit what they are, and others are not rounded to 4 bits. */
    @ParameterizedTest
    @CsvSource({"llama_q4_k_m, 10", "qwen2_q4_0, 5", "phi3_q4_k_m, 3", "gemma_embedding_q4_0, 10", "bert_q4_0, 6"})
    void fourBitsOfAFileAreHeldAsTheyAre(String name, int count) throws IOException {
        Path file = file(cases().resolve(name));
        Network floats = PretrainedModel.load(file).lastHiddenState();
        Network network =
                PretrainedModel.load(file, BaseStorage.of(Precision.INT4)).lastHiddenState();
        Map<String, String> precisions = network.weightStorage().stream()
                .collect(Collectors.toMap(WeightStorage::layer, WeightStorage::precision));
        Map<String, WeightedLayer> originals =
                floats.weightedLayers().stream().collect(Collectors.toMap(WeightedLayer::path, layer -> layer));
        for (WeightedLayer layer : network.weightedLayers()) {
            WeightedLayer original = Objects.requireNonNull(originals.get(layer.path()));
            String precision = precisions.get(layer.path());
            if ("INT4".equals(precision)) {
                assertThat(ArrayBits.equal(layer.weight(), original.weight()))
                        .as(layer.path())
                        .isTrue();
                assertThat(layer.fingerprint()).isEqualTo(original.fingerprint());
            } else if ("INT8".equals(precision)) {
                double error = layer.weight().distance2(original.weight());
                assertThat(error / original.weight().norm2Number().doubleValue())
                        .as(layer.path())
                        .isLessThan(0.02);
            }
        }
        assertThat(Collections.frequency(precisions.values(), "INT4")).isEqualTo(count);
        Sequences tokens = Sequences.of(new int[] {3, 1, 4, 1, 5, 9, 2});
        INDArray expected = floats.predict(tokens);
        assertThat(difference(network.predict(tokens), expected))
                .isLessThan(0.02 * expected.amaxNumber().doubleValue());
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void computesTheVectorsOfAnEncoder(String name) throws IOException {
        Path folder = cases().resolve(name);
        double tolerance = json(folder).at("/tolerance/reference_absolute").doubleValue();
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        PretrainedModel model = PretrainedModel.load(file(folder));
        List<Layer> layers = new ArrayList<>(model.sentenceEmbeddings().layers());
        assertThat(layers.remove(layers.size() - 1)).isInstanceOf(Normalize.class);
        Network pooled = new Network(layers);
        assertThat(count(io)).isPositive();
        for (int i = 0; i < count(io); i++) {
            Sequences prompt = Sequences.of(ids(io, "prompt_" + i));
            assertThat(difference(model.lastHiddenState().predict(prompt), io.tensor("last_hidden_state_" + i)))
                    .isLessThan(tolerance);
            assertThat(difference(pooled.predict(prompt), io.tensor("pooled_" + i)))
                    .isLessThan(tolerance);
        }
    }

    @ParameterizedTest
    @CsvSource({"f32, 8.0, 1.0", "f32, 4.0, 0.5", "f16, 12.0, 1.0", "f16, 6.0, 0.5"})
    void anAdapterOfPeftFitsAndGoesBackToLlamaCpp(String name, String alpha, String scale, @TempDir Path temporary)
            throws IOException {
        Path folder = cases().resolve("lora_llama");
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.copy(folder.resolve("adapter_" + name).resolve(file), temporary.resolve(file));
        }
        Path config = temporary.resolve("adapter_config.json");
        Files.writeString(
                config, Files.readString(config).replaceFirst("\"lora_alpha\": [0-9.]+", "\"lora_alpha\": " + alpha));
        PretrainedModel base = PretrainedModel.load(cases().resolve("llama_q8_0/model.gguf"));
        LoRAModel model = LoRAModel.of(base.causal());
        model.load("a", temporary);
        for (int i = 0; i < count(io); i++) {
            INDArray logits = model.using("a").predict(Sequences.of(ids(io, "prompt_" + i)));
            assertThat(difference(logits, io.tensor(name + "_scale_" + scale + "_logits_" + i)))
                    .isLessThan(json(folder).at("/tolerance/reference_absolute").doubleValue());
        }
        if (scale.equals("1.0")) {
            Path written = temporary.resolve("adapter.gguf");
            GgufAdapters.save(
                    model.using("a").adapter(),
                    base.config().ggufModel(),
                    name.equals("f32") ? Dtype.F32 : Dtype.F16,
                    written);
            assertSameTensors(written, folder.resolve("adapter_" + name + ".gguf"));
        }
    }

    /** Another rounding would lose the offsets of the file. */
    @Test
    void aMergedCopyHasTheMatricesThatNoAdapterChanges() throws IOException {
        Path file = file(cases().resolve("llama_q4_k_m"));
        LoRAModel model = LoRAModel.of(
                PretrainedModel.load(file, BaseStorage.of(Precision.INT4)).causal());
        Sequences tokens = Sequences.of(new int[] {3, 1, 4, 1, 5, 9, 2});
        INDArray before = model.base().predict(tokens);
        model.mergeForPrediction();
        assertThat(ArrayBits.equal(model.base().predict(tokens), before)).isTrue();
    }

    /** Else each matrix would be rounded twice, though nobody changed it. */
    @ParameterizedTest
    @CsvSource({"llama_q8_0, INT8, true", "llama_q4_k_m, INT4, true", "llama_q8_0, FLOAT, false"})
    void aModelThatRoundedTheFileIsNotWritten(
            String name, Precision precision, boolean isRefused, @TempDir Path temporary) throws IOException {
        Path file = file(cases().resolve(name));
        PretrainedModel model = PretrainedModel.load(file, BaseStorage.of(precision));
        Path written = temporary.resolve("written.gguf");
        if (isRefused) {
            assertThatThrownBy(() -> model.saveGguf(model.causal(), file, GgufPrecision.Q4_0, written))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("rounded; load the model in FLOAT");
        } else {
            model.saveGguf(model.causal(), file, GgufPrecision.Q4_0, written);
            assertSameTensors(written, file);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama_q8_0, F32",
        "llama_q4_k_m, F32",
        "gpt2_q4_k_m, F32",
        "gemma3_q4_k_m, F32",
        "qwen2_q4_0, F32",
        "llama_q8_0, F16",
        "llama_q8_0, Q8_0",
        "llama_q8_0, Q4_0"
    })
    @Tag("slow")
    void aMergedModelIsAFileOfItsOwn(String name, GgufPrecision precision, @TempDir Path temporary) throws IOException {
        Path folder = cases().resolve(name);
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        PretrainedModel base = PretrainedModel.load(file(folder));
        LoRAModel model = LoRAModel.of(base.causal());
        model.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(4)
                        .targetModules(base.config().defaultTargets())
                        .init(LoRAInit.random())
                        .build());
        Path merged = temporary.resolve("merged.gguf");
        Network network = model.merge("a");
        base.saveGguf(network, file(folder), precision, merged);
        Network read = PretrainedModel.load(merged).causal();
        Sequences prompt = Sequences.of(ids(io, "prompt_0"));
        INDArray expected = network.predict(prompt);
        double change = difference(expected, io.tensor("logits_0"));
        double error = difference(read.predict(prompt), expected);
        assertThat(change).isGreaterThan(0.1);
        double most = switch (precision) {
            case F32 -> 1e-4;
            case F16 -> 0.01 * change;
            case Q8_0 -> 0.1 * change;
            case Q4_0 -> change;
        };
        assertThat(error).isLessThan(most);
        try (GgufReader written = GgufReader.open(merged);
                GgufReader before = GgufReader.open(file(folder))) {
            assertThat(written.names()).containsExactlyElementsOf(before.names());
            assertThat(written.keys().texts("tokenizer.ggml.tokens"))
                    .isEqualTo(before.keys().texts("tokenizer.ggml.tokens"));
            assertThat(written.keys().has("split.count")).isFalse();
            int changed = 0;
            for (String tensor : written.names()) {
                boolean isAdapted = tensor.matches("blk\\.\\d+\\.attn_(q|v|qkv)\\.weight");
                changed += isAdapted ? 1 : 0;
                assertThat(written.type(tensor)).isEqualTo(isAdapted ? precision.name() : before.type(tensor));
                if (!isAdapted) {
                    assertThat(written.tensor(tensor)).isEqualTo(before.tensor(tensor));
                }
            }
            assertThat(changed).isPositive();
        }
    }

    @Test
    void refusesToWriteOverTheBaseAndWhatAFileHasNoPlaceFor(@TempDir Path temporary) throws IOException {
        Path file = Files.copy(cases().resolve("qwen2_q4_k_m/model.gguf"), temporary.resolve("base.gguf"));
        byte[] before = Files.readAllBytes(file);
        PretrainedModel base = PretrainedModel.load(file);
        assertThatThrownBy(() -> base.saveGguf(base.causal(), file, GgufPrecision.F16, file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("file: must be another one than the base");
        Path other = temporary.resolve("other.gguf");
        assertThatThrownBy(() -> base.saveGguf(base.classifier(3, 1), file, GgufPrecision.F16, other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "saveGguf: the network must have the parameters of " + file + " and no others, found")
                .hasMessageContaining("score.weight");
        assertThat(other).doesNotExist();
        assertThat(file).hasBinaryContent(before);
        base.saveGguf(base.causal(), file, GgufPrecision.Q4_0, other);
        assertSameTensors(other, file);
    }

    private static void assertSameTensors(Path written, Path reference) throws IOException {
        try (GgufReader found = GgufReader.open(written);
                GgufReader expected = GgufReader.open(reference)) {
            assertThat(found.names()).isNotEmpty().containsExactlyInAnyOrderElementsOf(expected.names());
            String alpha = "adapter.lora.alpha";
            assertThat(found.keys().number(alpha)).isEqualTo(expected.keys().number(alpha));
            for (String name : found.names()) {
                assertThat(found.type(name)).isEqualTo(expected.type(name));
                assertThat(found.tensor(name)).as(name).isEqualTo(expected.tensor(name));
            }
        }
    }

    static List<JsonNode> damagedModels() {
        List<JsonNode> files = new ArrayList<>();
        json(cases().resolve("hostile")).get("files").forEach(file -> {
            // Those that are not damaged have shapes that fit no model; llama.cpp refuses them too.
            if (file.get("file").asText().startsWith("m")
                    && (file.get("must_refuse").isNull()
                            || file.get("must_refuse").asBoolean())) {
                files.add(file);
            }
        });
        return files;
    }

    /** What is wrong with texts alone, the reader of tokens refuses. */
    @ParameterizedTest
    @MethodSource("damagedModels")
    void refusesWhatIsNoModel(JsonNode file) {
        Path path = cases().resolve("hostile").resolve(file.get("file").asText());
        assertThatThrownBy(() -> PretrainedModel.load(path))
                .as(file.get("why").asText())
                .isInstanceOfAny(GgufException.class, SafeTensorsException.class, IllegalArgumentException.class)
                .hasMessageContaining(path.toString());
    }
}
