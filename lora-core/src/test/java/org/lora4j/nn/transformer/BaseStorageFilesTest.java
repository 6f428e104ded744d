package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Models of files that are loaded with large matrices in fewer bits. */
@Tag("numbers")
class BaseStorageFilesTest {
    private static final String QWEN = """
            {"model_type": "qwen2", "hidden_size": 256, "intermediate_size": 320, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 211, "max_position_embeddings": 64,
             "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true,
             "use_sliding_window": false, "attention_dropout": 0.0}""";

    private static final String GPT2 = """
            {"model_type": "gpt2", "n_embd": 256, "n_head": 4, "n_inner": 320, "n_layer": 1, "n_positions": 64,
             "vocab_size": 211, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", "attn_pdrop": 0.0,
             "embd_pdrop": 0.0, "resid_pdrop": 0.0, "tie_word_embeddings": true}""";

    private static final String BERT = """
            {"model_type": "bert", "hidden_size": 256, "num_hidden_layers": 1, "num_attention_heads": 4,
             "intermediate_size": 320, "vocab_size": 211, "max_position_embeddings": 64, "type_vocab_size": 2,
             "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0, "hidden_dropout_prob": 0.0,
             "attention_probs_dropout_prob": 0.0}""";

    private static final Sequences INPUT = Sequences.of(new int[][] {{3, 1, 4, 1, 5}, {9, 2, 6}});

    @TempDir
    private Path folder;

    private void write(String config, DataType type) throws Exception {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        ExpectedTensors model = ExpectedTensors.of(ModelConfig.parse(config), Map.of());
        model.required().forEach((name, expected) -> {
            INDArray values = Samples.gaussian(name.hashCode(), DataType.FLOAT, expected.stored())
                    .mul(0.05);
            tensors.put(name, values.castTo(type));
        });
        SafeTensors.of(tensors, Map.of()).write(folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), config);
    }

    private enum Family {
        LLAMA,
        GPT2,
        BERT
    }

    private void write(Family family, DataType type) throws Exception {
        write(family == Family.LLAMA ? QWEN : family == Family.GPT2 ? GPT2 : BERT, type);
    }

    private Network load(Family family, Precision precision) throws Exception {
        return network(family, PretrainedModel.load(folder, BaseStorage.of(precision)));
    }

    private static Network network(Family family, PretrainedModel model) {
        return family == Family.BERT ? model.meanPooled() : model.causal();
    }

    private Network loadFromMemory(Family family, Precision precision) throws Exception {
        SafeTensors tensors = SafeTensors.read(folder.resolve("model.safetensors"));
        ModelConfig config = ModelConfig.parse(Files.readString(folder.resolve("config.json")));
        return network(family, PretrainedModel.of(config, tensors, BaseStorage.of(precision)));
    }

    private static void assertSameWeights(Network found, Network expected) {
        for (WeightedLayer layer : expected.weightedLayers()) {
            assertThat(ArrayBits.equal(found.baseLayer(layer.path()).weight(), layer.weight()))
                    .as(layer.path())
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBfloat16FileIsExactInBfloat16(Family family) throws Exception {
        write(family, DataType.BFLOAT16);
        Network floats = load(family, Precision.FLOAT);
        Network found = load(family, Precision.BFLOAT16);
        assertSameWeights(found, floats);
        assertSameWeights(loadFromMemory(family, Precision.BFLOAT16), floats);
        assertThat(found.predict(INPUT).equalsWithEps(floats.predict(INPUT), 1e-5))
                .isTrue();
        assertThat(found.weightStorage()).anyMatch(line -> line.precision().equals("BFLOAT16"));
        assertThat(floats.weightStorage()).noneMatch(line -> line.precision().equals("BFLOAT16"));
    }

    @ParameterizedTest
    @CsvSource({
        "LLAMA, FLOAT, BFLOAT16", "LLAMA, FLOAT, INT8", "LLAMA, BFLOAT16, INT8", "LLAMA, HALF, BFLOAT16",
        "GPT2, FLOAT, BFLOAT16", "GPT2, FLOAT, INT8", "GPT2, BFLOAT16, INT8", "GPT2, HALF, INT8",
        "BERT, FLOAT, BFLOAT16", "BERT, FLOAT, INT8", "BERT, BFLOAT16, INT8", "BERT, DOUBLE, INT8",
        "LLAMA, FLOAT, INT4", "LLAMA, BFLOAT16, INT4", "GPT2, HALF, INT4", "BERT, DOUBLE, INT4"
    })
    @Tag("slow")
    void isRoundedAsANetworkOfArraysIs(Family family, DataType file, Precision precision) throws Exception {
        write(family, file);
        Network network = load(family, Precision.FLOAT);
        List<String> fingerprints = network.weightedLayers().stream()
                .map(WeightedLayer::fingerprint)
                .toList();
        network.freeze();
        network.setBaseStorage(BaseStorage.of(precision));
        for (Network found : List.of(load(family, precision), loadFromMemory(family, precision))) {
            assertSameWeights(found, network);
            assertThat(found.weightedLayers().stream().map(WeightedLayer::fingerprint))
                    .as("the fingerprints of the weights in the file")
                    .isEqualTo(fingerprints);
            assertThat(found.weightStorage()).isEqualTo(network.weightStorage());
        }
        assertThat(network.weightedLayers().stream().map(WeightedLayer::fingerprint))
                .isEqualTo(fingerprints);
    }

    @ParameterizedTest
    @EnumSource
    void theReportTellsWhatIsStored(Precision precision) throws Exception {
        write(Family.LLAMA, DataType.FLOAT);
        Network network = load(Family.LLAMA, precision);
        long elements = 211L * 256;
        long bytes = switch (precision) {
            case FLOAT -> 4 * elements;
            case BFLOAT16 -> 2 * elements;
            case INT8, INT8_DYNAMIC -> elements + 4 * 211;
            case INT4 -> elements / 2 + 4 * elements / 32;
        };
        List<WeightStorage> report = network.weightStorage();
        assertThat(report.get(0)).isEqualTo(new WeightStorage("model.embed_tokens", "ND4J", precision.name(), bytes));
        assertThat(report.get(report.size() - 1))
                .as("the table of the embedding")
                .isEqualTo(new WeightStorage("lm_head", "ND4J", precision.name(), 0));
        assertThat(report)
                .as("fewer than 50,000 elements")
                .contains(new WeightStorage("model.layers.0.self_attn.k_proj", "ND4J", "FLOAT", 4 * 128 * 256));
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void generatesAndTrainsOnAStoredBase(Precision precision) throws Exception {
        write(Family.LLAMA, DataType.BFLOAT16);
        LoRAModel model = LoRAModel.of(load(Family.LLAMA, precision));
        AdapterView view = model.add(
                "a",
                LoRAConfig.builder()
                        .rank(4)
                        .targetModules("q_proj", "down_proj", "lm_head", "embed_tokens")
                        .build());
        for (Parameter parameter : view.parameters()) {
            parameter
                    .value()
                    .addi(Samples.gaussian(1, DataType.FLOAT, parameter.shape()).mul(0.05));
        }
        Network merged = view.merge();
        assertThat(merged.predict(INPUT).equalsWithEps(view.predict(INPUT), 1e-4))
                .isTrue();
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(12);
        int[] prompt = {3, 1, 4};
        assertThat(Generator.of(view).generate(prompt, options))
                .isEqualTo(Generator.of(LoRAModel.of(merged).base()).generate(prompt, options));
    }

    @Test
    void theStoredMatricesStayFrozenAndTheOthersTrainUntilTheyAreFrozen() throws Exception {
        write(Family.BERT, DataType.FLOAT);
        Network network = load(Family.BERT, Precision.INT8);
        assertThat(network.parameters())
                .allMatch(parameter -> parameter.isTrainable()
                        == (parameter.shape().length == 1 || parameter.value().length() < 50_000));
        assertThatIllegalStateException().isThrownBy(network::unfreeze);
    }

    @Test
    void savesTheWeightsThatAreMultiplied() throws Exception {
        write(Family.LLAMA, DataType.BFLOAT16);
        PretrainedModel model = PretrainedModel.load(folder, BaseStorage.of(Precision.BFLOAT16));
        model.save(model.causal(), folder.resolve("saved"));
        assertSameWeights(PretrainedModel.load(folder.resolve("saved")).causal(), load(Family.LLAMA, Precision.FLOAT));
    }

    private void save(Family family, Path saved) throws Exception {
        PretrainedModel model = PretrainedModel.load(folder, BaseStorage.of(Precision.BFLOAT16));
        model.save(network(family, model), saved, Dtype.BF16);
    }

    @ParameterizedTest
    @EnumSource
    void aBaseInBfloat16IsSavedAsBf16WithItsBits(Family family) throws Exception {
        write(family, DataType.FLOAT);
        Network network = load(family, Precision.BFLOAT16);
        Path saved = folder.resolve("saved");
        save(family, saved);
        SafeTensors tensors = SafeTensors.read(saved.resolve("model.safetensors"));
        assertThat(tensors.names()).anyMatch(name -> tensors.dtype(name) == Dtype.BF16);
        assertThat(Files.readString(saved.resolve("config.json"))).contains("\"bfloat16\"");
        folder = saved;
        assertSameWeights(load(family, Precision.BFLOAT16), network);
        assertSameWeights(load(family, Precision.FLOAT), network);
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void refusesAFileWithANumberThatIsNotFinite(Precision precision) throws Exception {
        write(Family.LLAMA, DataType.BFLOAT16);
        Path file = folder.resolve("model.safetensors");
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(SafeTensors.read(file).tensors());
        String name = "layers.1.mlp.up_proj.weight";
        INDArray broken = requireNonNull(tensors.get(name));
        broken.putScalar(7, 9, Float.NEGATIVE_INFINITY);
        tensors.replaceAll((key, value) -> value.castTo(DataType.BFLOAT16));
        SafeTensors.of(tensors, Map.of()).write(file);
        assertThatExceptionOfType(SafeTensorsException.class)
                .isThrownBy(() -> load(Family.LLAMA, precision))
                .withMessageContaining(name)
                .withMessageContaining("-Infinity at element " + (7 * 256 + 9));
    }
}
