package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Networks in files of ONNX: ONNX Runtime computes what this library computes, for each family and each head. */
class OnnxTest {
    private static final String HIDDEN = "last_hidden_state";
    private static final String EMBEDDING = "sentence_embedding";
    private static final String LOGITS = "logits";
    private static final int VOCABULARY = 60;

    @TempDir
    private Path folder;

    /** The families; with what their files can choose. */
    private static Stream<String> configs() {
        String sizes = """
                "vocab_size": 60, "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 4, "intermediate_size": 24,
                "max_position_embeddings": 14, "pad_token_id": 1""";
        return Stream.of(
                "\"model_type\": \"bert\"," + sizes,
                "\"model_type\": \"bert\", \"hidden_act\": \"gelu_new\"," + sizes,
                "\"model_type\": \"roberta\", \"type_vocab_size\": 1," + sizes,
                "\"model_type\": \"xlm-roberta\", \"type_vocab_size\": 1," + sizes,
                "\"model_type\": \"electra\", \"embedding_size\": 8," + sizes,
                "\"model_type\": \"mpnet\"," + sizes,
                """
                "model_type": "distilbert", "vocab_size": 60, "n_layers": 2, "dim": 16, "n_heads": 4, "hidden_dim": 24,
                "max_position_embeddings": 14, "activation": "relu\"""",
                """
                "model_type": "deberta-v2", "relative_attention": true, "position_buckets": 6, "pos_att_type": ["p2c", "c2p"],
                "share_att_key": true, "norm_rel_ebd": "layer_norm", "position_biased_input": false,""" + sizes,
                """
                "model_type": "deberta-v2", "relative_attention": true, "pos_att_type": ["c2p"], "type_vocab_size": 2,
                "embedding_size": 8,""" + sizes,
                "\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"pos_att_type\": [\"p2c\"]," + sizes,
                "\"model_type\": \"modernbert\", \"local_attention\": 6, \"global_attn_every_n_layers\": 2," + sizes,
                """
                "model_type": "new", "type_vocab_size": 0, "rope_scaling": {"type": "ntk", "factor": 2.0},""" + sizes,
                """
                "model_type": "nomic_bert", "vocab_size": 60, "n_layer": 2, "n_embd": 16, "n_head": 2, "n_inner": 24,
                "n_positions": 14, "rotary_emb_fraction": 0.5, "activation_function": "swiglu\"""",
                """
                "model_type": "gemma3_text", "use_bidirectional_attention": true, "sliding_window": 6, "head_dim": 8,
                "num_key_value_heads": 2, "sliding_window_pattern": 2,""" + sizes,
                "\"model_type\": \"qwen3\", \"num_key_value_heads\": 2, \"head_dim\": 8," + sizes,
                "\"model_type\": \"llama\", \"num_key_value_heads\": 1," + sizes,
                "\"model_type\": \"mistral\", \"sliding_window\": 3," + sizes,
                "\"model_type\": \"qwen2\"," + sizes,
                "\"model_type\": \"smollm3\"," + sizes,
                "\"model_type\": \"phi3\"," + sizes,
                "\"model_type\": \"gemma2\", \"sliding_window\": 4, \"head_dim\": 8," + sizes,
                """
                "model_type": "gpt2", "vocab_size": 60, "n_layer": 2, "n_embd": 16, "n_head": 4, "n_positions": 14""");
    }

    private static PretrainedModel model(String fields, DataType type) {
        return PretrainedModel.initialize(ModelConfig.parse("{" + fields + "}"), type, 3);
    }

    /** Weights far from those before a training: no bias is 0, and no factor is 1. */
    private static Network shuffled(Network network) {
        SplittableRandom random = new SplittableRandom(11);
        for (WeightedLayer layer : network.weightedLayers()) {
            boolean isNorm = layer instanceof LayerNorm || layer instanceof RMSNorm;
            for (Parameter parameter : layer.parameters()) {
                INDArray values = RandomArrays.gaussian(random, 0.3, DataType.FLOAT, parameter.shape());
                parameter.assign(isNorm && parameter.name().endsWith("weight") ? values.addi(1) : values);
            }
        }
        return network;
    }

    /** Texts of one length with padding on the right, on the left, and one of a single token. */
    private static final int[][] MASKS = {
        {1, 1, 1, 1, 1, 1, 1},
        {1, 1, 1, 1, 0, 0, 0},
        {0, 0, 1, 1, 1, 1, 1},
        {1, 0, 0, 0, 0, 0, 0},
        {1, 1, 0, 1, 1, 0, 0}
    };

    private static int[][] ids(int[][] masks, boolean paddingIsToken) {
        SplittableRandom random = new SplittableRandom(5);
        return Arrays.stream(masks)
                .map(mask -> Arrays.stream(mask)
                        .map(m -> m == 0 && paddingIsToken ? 1 : 2 + random.nextInt(VOCABULARY - 2))
                        .toArray())
                .toArray(int[][]::new);
    }

    private static int[][] types(int[][] ids, Network network) {
        TypesOf types = new TypesOf(network);
        return Arrays.stream(ids)
                .map(row -> IntStream.range(0, row.length)
                        .map(i -> types.count() > 1 && i > row.length / 2 ? 1 : 0)
                        .toArray())
                .toArray(int[][]::new);
    }

    /** How many types of tokens a network knows. */
    private record TypesOf(Network network) {
        int count() {
            TokenEmbeddings first = (TokenEmbeddings) network.layers().get(0);
            return first.type() == null ? 0 : (int) first.type().shape()[0];
        }
    }

    private static void assertSame(String what, INDArray actual, INDArray expected) {
        GoldenCase.assertRelative(what, actual, expected, 1e-5);
    }

    /** Compares an output with the prediction; of tokens that are masked there is none. */
    private static void assertRuns(OnnxRun run, String output, Network network, int[][] ids, int @Nullable [][] mask)
            throws OrtException {
        int[][] types = types(ids, network);
        Sequences batch = Sequences.of(ids, mask, types);
        INDArray actual = run.run(output, ids, mask, types);
        INDArray predicted = network.predict(batch);
        INDArray expected = actual.rank() == 3 ? batch.pad(predicted) : predicted;
        if (actual.rank() == 3 && mask != null) {
            for (int i = 0; i < ids.length; i++) {
                for (int j = 0; j < ids[i].length; j++) {
                    if (mask[i][j] == 0) {
                        actual.get(NDArrayIndex.point(i), NDArrayIndex.point(j), NDArrayIndex.all())
                                .assign(0);
                    }
                }
            }
        }
        assertSame(output, actual, expected);
    }

    private OnnxRun save(Network network) throws Exception {
        Path file = folder.resolve("model.onnx");
        network.saveOnnx(file);
        return new OnnxRun(file);
    }

    private void assertSameAnswers(Network network, String output, boolean leftToo) throws Exception {
        try (OnnxRun run = save(network)) {
            assertSameAnswers(run, network, output, leftToo);
        }
    }

    private static void assertSameAnswers(OnnxRun run, Network network, String output, boolean leftToo)
            throws OrtException {
        int[][] masks = leftToo ? MASKS : new int[][] {MASKS[0], MASKS[1], MASKS[3]};
        TypesOf types = new TypesOf(network);
        assertThat(run.inputs())
                .containsExactlyElementsOf(
                        types.count() > 1
                                ? List.of("input_ids", "attention_mask", "token_type_ids")
                                : List.of("input_ids", "attention_mask"));
        assertRuns(run, output, network, ids(masks, true), masks);
        assertRuns(run, output, network, ids(masks, false), masks);
        assertRuns(run, output, network, new int[][] {{7}}, null);
        int limit = ((TokenEmbeddings) network.layers().get(0)).maxLength();
        int[] longest = IntStream.range(0, limit).map(i -> 2 + i % 50).toArray();
        assertRuns(run, output, network, new int[][] {longest, longest}, null);
        int[] tooLong = Arrays.copyOf(longest, limit + 1);
        tooLong[limit] = 5;
        assertThatThrownBy(() -> run.run(output, new int[][] {tooLong}, null, null))
                .isInstanceOf(OrtException.class);
    }

    private static Network with(Network network, Layer... end) {
        List<Layer> all = new ArrayList<>(network.layers());
        all.addAll(List.of(end));
        return new Network(all);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void hiddenStatesAndAllPoolings(String fields) throws Exception {
        Network network = shuffled(model(fields, DataType.FLOAT).lastHiddenState());
        List<Pooling.Method> methods = Arrays.stream(Pooling.Method.values())
                .filter(method -> method != Pooling.Method.FIRST)
                .toList();
        Network pooled = with(network, new Pooling("pooling", methods, true), new Normalize("normalize"));
        try (OnnxRun run = save(pooled)) {
            assertThat(run.outputs()).containsExactly(HIDDEN, EMBEDDING);
            assertSameAnswers(run, network, HIDDEN, true);
            assertSameAnswers(run, pooled, EMBEDDING, true);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void classifiers(String fields) throws Exception {
        PretrainedModel model = model(fields, DataType.FLOAT);
        assertSameAnswers(
                shuffled(model.classifier(3, 1)), LOGITS, model.config().isDecoder());
        assertSameAnswers(shuffled(model.meanClassifier(3, 1)), LOGITS, true);
    }

    /** Models that PyTorch computed, with the modules of sentence-transformers. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "encoder_forward",
                "distilbert_forward",
                "electra_forward",
                "mpnet_forward",
                "deberta_forward",
                "deberta_forward_no_buckets",
                "modernbert_forward",
                "gte_forward",
                "gte_forward_ntk",
                "nomic_forward",
                "embeddinggemma_forward",
                "qwen3_embedding_forward"
            })
    void modelsOfOthers(String name) throws Exception {
        GoldenCase golden = GoldenCase.of(name);
        Network network = golden.model().sentenceEmbeddings();
        try (OnnxRun run = save(network)) {
            int[][] ids = golden.io().tensor("input_ids").toIntMatrix();
            int[][] mask = golden.io().tensor("attention_mask").toIntMatrix();
            assertRuns(run, EMBEDDING, network, ids, mask);
            assertRuns(run, HIDDEN, golden.model().lastHiddenState(), ids, mask);
        }
    }

    /** What was trained is in the file: with adapters of all layers, DoRA too, merged or registered as parametrizations. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void adaptersThatAreMerged(boolean isDora) throws Exception {
        for (String fields :
                List.of(configs().toList().get(0), configs().toList().get(7))) {
            Network network = shuffled(model(fields, DataType.FLOAT).meanPooled());
            LoRAModel model = LoRAModel.of(network);
            AdapterView adapted = model.add(
                    "a",
                    LoRAConfig.builder()
                            .rank(4)
                            .alpha(8)
                            .dora(isDora)
                            .targetModules(TargetModules.allLinear())
                            .init(LoRAInit.random())
                            .build());
            int[][] ids = ids(MASKS, true);
            Sequences batch = Sequences.of(ids, MASKS, types(ids, network));
            try (OnnxRun run = save(model.merge("a"))) {
                INDArray actual = run.run(EMBEDDING, ids, MASKS, types(ids, network));
                assertSame("merged", actual, adapted.predict(batch));
                assertThat(actual.distance2(model.base().predict(batch))).isGreaterThan(0.1);
            }
        }
    }

    @Test
    void parametrizationsThatAreEnabled() throws Exception {
        Network network = shuffled(
                model(configs().findFirst().orElseThrow(), DataType.FLOAT).meanPooled());
        LoRAConfig config =
                LoRAConfig.builder().rank(2).alpha(8).init(LoRAInit.random()).build();
        LoRAParametrization lora = LoRAParametrization.register(network.linear("encoder.layer.1.output.dense"), config);
        int[][] ids = ids(MASKS, true);
        try (OnnxRun run = save(network)) {
            assertRuns(run, EMBEDDING, network, ids, MASKS);
            lora.setEnabled(false);
            assertThatThrownBy(() -> assertRuns(run, EMBEDDING, network, ids, MASKS))
                    .isInstanceOf(AssertionError.class);
        }
        try (OnnxRun run = save(network)) {
            assertRuns(run, EMBEDDING, network, ids, MASKS);
        }
    }

    @Test
    void shorterEmbeddings() throws Exception {
        Network network = GoldenCase.of("embeddinggemma_forward").model().sentenceEmbeddings(3);
        try (OnnxRun run = save(network)) {
            assertRuns(run, EMBEDDING, network, new int[][] {{5, 9, 3, 1}}, new int[][] {{1, 1, 1, 0}});
        }
    }

    /** A linear layer on the vectors of all tokens: that of a classifier of tokens. */
    @Test
    void logitsOfTokens() throws Exception {
        for (String type : List.of("\"bert\"", "qwen3")) {
            String fields = configs()
                    .filter(config -> config.contains(type))
                    .findFirst()
                    .orElseThrow();
            Network network = shuffled(with(
                    model(fields, DataType.FLOAT).lastHiddenState(),
                    new Linear("score", Nd4j.create(DataType.FLOAT, 5, 16), Nd4j.create(DataType.FLOAT, 5))));
            try (OnnxRun run = save(network)) {
                assertThat(run.outputs()).containsExactly(LOGITS);
                assertRuns(run, LOGITS, network, ids(MASKS, true), MASKS);
            }
        }
    }

    @Test
    void hiddenStatesAlone() throws Exception {
        Network network = shuffled(
                model(configs().findFirst().orElseThrow(), DataType.FLOAT).lastHiddenState());
        try (OnnxRun run = save(network)) {
            assertThat(run.outputs()).containsExactly(HIDDEN);
            assertRuns(run, HIDDEN, network, ids(MASKS, true), MASKS);
        }
    }

    @Test
    void firstTokensAndPoolers() throws Exception {
        PretrainedModel model = model(configs().findFirst().orElseThrow(), DataType.FLOAT);
        assertSameAnswers(shuffled(model.pooled()), EMBEDDING, false);
    }

    /** Weights are written as the numbers that they stand for, in FLOAT. */
    @Test
    void otherPrecisions() throws Exception {
        String fields = configs().findFirst().orElseThrow();
        Network exact = model(fields, DataType.DOUBLE).meanPooled();
        try (OnnxRun run = save(exact)) {
            Sequences batch = Sequences.of(new int[] {5, 9, 3});
            assertSame(
                    "double",
                    run.run(EMBEDDING, new int[][] {{5, 9, 3}}, null, null),
                    exact.predict(batch).castTo(DataType.FLOAT));
        }
        String wide = fields.replace("\"hidden_size\": 16", "\"hidden_size\": 256")
                .replace("\"intermediate_size\": 24", "\"intermediate_size\": 256");
        for (Precision precision : List.of(Precision.BFLOAT16, Precision.INT8, Precision.INT4)) {
            Network stored = shuffled(model(wide, DataType.FLOAT).meanPooled());
            stored.setBaseStorage(BaseStorage.of(precision));
            stored.freeze();
            assertThat(stored.weightStorage())
                    .anyMatch(storage -> storage.precision().equals(String.valueOf(precision)));
            Path file = folder.resolve(precision + ".onnx");
            stored.saveOnnx(file);
            // The same weights in single precision.
            Network expected = shuffled(model(wide, DataType.FLOAT).meanPooled());
            for (int i = 0; i < expected.parameters().size(); i++) {
                expected.parameters().get(i).assign(stored.parameters().get(i).value());
            }
            try (OnnxRun run = new OnnxRun(file)) {
                assertRuns(run, EMBEDDING, expected, new int[][] {{5, 9, 3}}, null);
            }
        }
    }

    @Test
    void refusals() {
        Path file = folder.resolve("model.onnx");
        PretrainedModel bert = model(configs().findFirst().orElseThrow(), DataType.FLOAT);
        PretrainedModel llama =
                model(configs().filter(f -> f.contains("llama")).findFirst().orElseThrow(), DataType.FLOAT);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Network.builder(3).linear("linear1", 2).build(1).saveOnnx(file))
                .withMessage("linear1: a network that is written as ONNX must take sequences of tokens, found one that"
                        + " takes rows of features");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> llama.causal().saveOnnx(file))
                .withMessage(
                        "lm_head: a network that is written as ONNX must not predict the next token, found a language"
                                + " model, which needs its cache of keys and values; merge it into a folder or a GGUF file");
        PretrainedModel gemma =
                model(configs().filter(f -> f.contains("gemma2")).findFirst().orElseThrow(), DataType.FLOAT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gemma.causal().saveOnnx(file))
                .withMessageContaining("lm_head: a network that is written as ONNX must not predict the next token");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with(
                                bert.lastHiddenState(), new Pooling("1_Pooling", List.of(Pooling.Method.MEAN), false))
                        .saveOnnx(file))
                .withMessage("1_Pooling: a pooling that is written as ONNX must count all tokens, found include_prompt"
                        + " false: no input of the file says which tokens are a prompt");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with(bert.meanPooled(), new Activation("elu", new ActivationELU(0.5)))
                        .saveOnnx(file))
                .withMessage("elu: an activation that is written as ONNX must be one of relu, tanh, sigmoid, swish,"
                        + " identity or GELU, found elu(alpha=0.5)");
        Network broken = bert.meanPooled();
        broken.parameters().get(5).value().putScalar(0, Float.NaN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> broken.saveOnnx(file))
                .withMessage(broken.parameters().get(5).name()
                        + ": a weight that is written as ONNX must be finite, found NaN");
        assertThat(file).doesNotExist();
    }
}
