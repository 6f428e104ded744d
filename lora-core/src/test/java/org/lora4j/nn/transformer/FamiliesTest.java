package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.state;
import static org.lora4j.Refusals.table;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.EvaInit;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TargetModules;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What holds for every family. */
@Tag("numbers")
class FamiliesTest {
    private static final Sequences INPUT = Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2});

    @TempDir
    private Path folder;

    private static String config(String modelType, long layers, long width) {
        return switch (modelType) {
            case "gpt2" -> """
                {"model_type": "gpt2", "vocab_size": 100, "n_layer": %s, "n_embd": %s, "n_head": 4, "n_positions": 16}
                """.formatted(layers, width);
            case "distilbert" -> """
                {"model_type": "distilbert", "vocab_size": 100, "n_layers": %s, "dim": %s, "n_heads": 4,
                 "hidden_dim": %s, "max_position_embeddings": 16}
                """.formatted(layers, width, 4 * width);
            case "nomic_bert" -> """
                {"model_type": "nomic_bert", "vocab_size": 100, "n_layer": %s, "n_embd": %s, "n_head": 4,
                 "n_inner": %s, "n_positions": 16, "rotary_emb_fraction": 1.0}
                """.formatted(layers, width, 4 * width);
            case "deberta-v2" -> """
                {"model_type": "deberta-v2", "vocab_size": 100, "num_hidden_layers": %s, "hidden_size": %s,
                 "num_attention_heads": 4, "intermediate_size": %s, "max_position_embeddings": 16,
                 "relative_attention": true, "position_buckets": 6, "pos_att_type": ["p2c", "c2p"],
                 "share_att_key": true, "norm_rel_ebd": "layer_norm", "position_biased_input": false}
                """.formatted(layers, width, 4 * width);
            case "embedding_gemma" -> """
                {"model_type": "gemma3_text", "vocab_size": 100, "num_hidden_layers": %s, "hidden_size": %s,
                 "num_attention_heads": 4, "intermediate_size": %s, "max_position_embeddings": 16, "head_dim": 8,
                 "use_bidirectional_attention": true, "sliding_window": 4}
                """.formatted(layers, width, 4 * width);
            default -> """
                {"model_type": "%s", "vocab_size": 100, "num_hidden_layers": %s, "hidden_size": %s,
                 "num_attention_heads": 4, "intermediate_size": %s, "max_position_embeddings": 16, "head_dim": 8}
                """.formatted(modelType, layers, width, 4 * width);
        };
    }

    private static ModelConfig small(String modelType) {
        return ModelConfig.parse(config(modelType, 2, 16));
    }

    /** All types, and a type in another form. */
    private static List<String> types() {
        List<String> types = new ArrayList<>(Families.modelTypes());
        types.add("embedding_gemma");
        return types;
    }

    private static String targets(String modelType) {
        return switch (modelType) {
            case "bert", "roberta", "xlm-roberta", "electra" -> "query value";
            case "distilbert" -> "q_lin v_lin";
            case "mpnet" -> "q v";
            case "deberta-v2" -> "query_proj value_proj";
            case "modernbert", "nomic_bert" -> "Wqkv";
            case "new", "phi3" -> "qkv_proj";
            case "gpt2" -> "c_attn";
            default -> "q_proj v_proj";
        };
    }

    @ParameterizedTest
    @MethodSource("types")
    void saysWhatItIs(String modelType) {
        ModelConfig config = small(modelType);
        assertThat(config.modelType()).isEqualTo(modelType.equals("embedding_gemma") ? "gemma3_text" : modelType);
        assertThat(config.hiddenSize()).isEqualTo(16);
        assertThat(config.defaultTargets()).containsExactly(targets(modelType).split(" "));
        assertThat(config.maxLength()).isEqualTo(modelType.matches(".*roberta|mpnet") ? 14 : 16);
        assertThat(config.isDecoder()).isEqualTo(!modelType.matches(".*bert.*|electra|mpnet|new|embedding_gemma"));
        Network network = PretrainedModel.initialize(config, DataType.FLOAT, 1).lastHiddenState();
        LoRAConfig adapted =
                LoRAConfig.builder().targetModules(config.defaultTargets()).build();
        assertThat(LoRAModel.of(network).add("a", adapted).adapter().weights())
                .hasSize(2 * config.defaultTargets().length);
    }

    /** A layer may share its input with others, or compute several inputs: those of DeBERTa's keys have the positions too. */
    @ParameterizedTest
    @MethodSource("types")
    void evaGivesEachLayerTheComponentsOfItsOwnInputs(String modelType) {
        Network network =
                PretrainedModel.initialize(small(modelType), DataType.DOUBLE, 4).lastHiddenState();
        EvaInit init = EvaInit.of(List.of(
                Sequences.of(new int[] {5, 9, 3, 71, 30, 2, 8}, new int[] {7, 2, 95, 4}),
                Sequences.of(new int[] {11, 60, 3, 42, 6, 17, 88, 23, 9})));
        LoRAConfig all = LoRAConfig.builder()
                .rank(2)
                .targetModules(TargetModules.allLinear())
                .build();
        Map<String, LoRAWeights> together =
                LoRAModel.of(network).add("all", all, init).adapter().weights();
        assertThat(together).hasSizeGreaterThan(4);
        together.forEach((path, weights) -> {
            LoRAConfig alone = all.toBuilder()
                    .targetModules(new TargetModules.Paths(List.of(path)))
                    .build();
            LoRAWeights own = LoRAModel.of(network)
                    .add("one", alone, init)
                    .adapter()
                    .weights()
                    .get(path);
            assertThat(weights.loraA())
                    .as(path)
                    .isEqualTo(Objects.requireNonNull(own).loraA());
        });
    }

    private static Network end(PretrainedModel model) {
        if (model.config().isDecoder()) {
            return model.causal();
        }
        return model.hasPooler() ? model.pooled() : model.meanPooled();
    }

    @ParameterizedTest
    @MethodSource("types")
    void aModelOfRandomWeightsIsSavedAndLoaded(String modelType) throws Exception {
        ModelConfig config = small(modelType);
        PretrainedModel model = PretrainedModel.initialize(config, DataType.FLOAT, 3);
        Network network = end(model);
        model.save(network, folder);
        PretrainedModel again = PretrainedModel.load(folder);
        assertThat(again.config()).isEqualTo(config).hasToString(config.toString());
        assertThat(end(again).predict(INPUT)).isEqualTo(network.predict(INPUT));
        Network classifier = model.classifier(3, 5);
        model.save(classifier, folder);
        PretrainedModel classified = PretrainedModel.load(folder);
        assertThat(classified.classifier().predict(INPUT)).isEqualTo(classifier.predict(INPUT));
        assertThat(classified.config().isClassifier()).isTrue();
        assertThat(config.isClassifier()).isFalse();
        assertThat(model.meanClassifier(2, 5).predict(INPUT).shape()).containsExactly(2, 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "llama", "gpt2"})
    void theShapesFollowFromTheLayersWithoutMemoryForThem(String modelType) {
        // Three layers of this width would need more than 100 GB.
        ModelConfig model = ModelConfig.parse(config(modelType, 3, 65_536));
        long elements = ExpectedTensors.of(model, Map.of()).required().values().stream()
                .mapToLong(expected -> Arrays.stream(expected.stored()).reduce(1, Math::multiplyExact))
                .sum();
        assertThat(elements).isGreaterThan(25_000_000_000L);
    }

    /** The layer of the labels, and the dropout before it in training: 0.1 that nothing names for a decoder. */
    private static List<String> tokenHead(String modelType) {
        return switch (modelType) {
            case "modernbert" -> List.of("classifier", "0.0");
            case "gemma3_text", "embedding_gemma" -> List.of();
            case "llama", "mistral", "qwen2", "qwen3", "smollm3", "phi3", "gemma2" -> List.of("score", "0.1");
            default -> List.of("classifier", "0.1");
        };
    }

    @ParameterizedTest
    @MethodSource("types")
    void hasAClassifierOfTokensIfTransformersHasOne(String modelType) throws Exception {
        PretrainedModel model = PretrainedModel.initialize(small(modelType), DataType.FLOAT, 1);
        List<String> head = tokenHead(modelType);
        assertThat(model.config().canClassifyTokens()).isNotEqualTo(head.isEmpty());
        assertThat(model.hasTokenClassifier()).isFalse();
        if (head.isEmpty()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> model.tokenClassifier(3, 1))
                    .withMessage(
                            "tokenClassifier: the model must be of a family with a class …ForTokenClassification of"
                                    + " transformers, found gemma3_text");
            return;
        }
        assertThatIllegalStateException()
                .isThrownBy(model::tokenClassifier)
                .withMessageContaining("give the number of labels for a new one, tokenClassifier(labels, seed)");
        Network network = model.tokenClassifier(3, 1);
        assertThat(network.replaceableHead()).contains(head.get(0));
        assertThat(network.outputEmbedding()).isEmpty();
        assertThat(network.taskType()).contains("TOKEN_CLS");
        assertThat(network.linear(head.get(0)).bias()).isNotNull();
        List<Layer> layers = network.layers();
        assertThat(((Dropout) layers.get(layers.size() - 2)).probability()).isEqualTo(Double.parseDouble(head.get(1)));
        INDArray rows = network.predict(INPUT);
        assertThat(rows.shape()).containsExactly(5, 3);
        model.save(network, folder);
        assertThat(Files.readString(folder.resolve("config.json")))
                .contains(model.config().family().architecture() + "ForTokenClassification", "LABEL_2");
        PretrainedModel saved = PretrainedModel.load(folder);
        assertThat(saved.config().isTokenClassifier()).isTrue();
        assertThat(saved.config().isClassifier()).isFalse();
        assertThat(saved.hasTokenClassifier()).isTrue();
        assertThat(saved.hasClassifier()).isFalse();
        assertThat(saved.tokenClassifier().predict(INPUT)).isEqualTo(rows);
        // A new one is drawn again, and has the labels that are asked for.
        assertThat(saved.tokenClassifier(4, 1).outputSize()).isEqualTo(4);
        if (saved.canClassify()) {
            assertThat(saved.classifier(2, 1).outputSize()).isEqualTo(2);
        }
    }

    @Test
    void aDecoderCanHaveAClassifierOfTokensWithoutABias() throws Exception {
        ModelConfig config = ModelConfig.parse(config("qwen2", 2, 16)
                .replace(
                        "\"model_type\"",
                        "\"token_classification_bias\": false, \"hidden_dropout\": 0.2, \"model_type\""));
        PretrainedModel model = PretrainedModel.initialize(config, DataType.FLOAT, 1);
        Network network = model.tokenClassifier(3, 1);
        assertThat(network.linear("score").bias()).isNull();
        List<Layer> layers = network.layers();
        assertThat(((Dropout) layers.get(layers.size() - 2)).probability()).isEqualTo(0.2);
        model.save(network, folder);
        assertThat(PretrainedModel.load(folder).tokenClassifier().predict(INPUT))
                .isEqualTo(network.predict(INPUT));
    }

    /** Layers of a classifier that the pre-training leaves are no new ones, as in transformers. */
    @Test
    void aNewClassifierHasTheLayersOfTheFileBelowItsLabels() throws Exception {
        for (String modelType : List.of("modernbert", "distilbert", "deberta-v2", "roberta")) {
            PretrainedModel model = PretrainedModel.initialize(small(modelType), DataType.FLOAT, 1);
            Path saved = folder.resolve(modelType);
            model.save(model.classifier(2, 5), saved);
            PretrainedModel again = PretrainedModel.load(saved);
            Network other = again.classifier(3, 9);
            for (Parameter parameter : again.classifier().parameters()) {
                Parameter same = other.parameters().stream()
                        .filter(one -> one.name().equals(parameter.name()))
                        .findFirst()
                        .orElseThrow();
                boolean isOfLabels =
                        parameter.name().startsWith(other.replaceableHead().orElseThrow() + ".");
                assertThat(same.value().equals(parameter.value()))
                        .as(parameter.name())
                        .isNotEqualTo(isOfLabels);
            }
        }
    }

    @Test
    void saysWhatTheOutputsOfAClassifierMean() throws Exception {
        PretrainedModel bert = PretrainedModel.initialize(small("bert"), DataType.FLOAT, 1);
        assertThat(bert.config().problemType()).isEmpty();
        for (ModelConfig.ProblemType type : ModelConfig.ProblemType.values()) {
            PretrainedModel typed = bert.withProblemType(type);
            typed.save(typed.classifier(2, 1), folder);
            assertThat(ModelConfig.read(folder).problemType()).contains(type);
        }
        assertThat(Files.readString(folder.resolve("config.json"))).contains("\"problem_type\" : \"regression\"");
        ModelConfig wrong = ModelConfig.parse(
                config("bert", 2, 16).replace("\"model_type\"", "\"problem_type\": \"several\", \"model_type\""));
        assertThatIllegalArgumentException()
                .isThrownBy(wrong::problemType)
                .withMessage("problem_type must be one of [single_label_classification, multi_label_classification,"
                        + " regression], found 'several'");
    }

    @TestFactory
    List<DynamicTest> anEncoderPredictsNoTokens() {
        ModelConfig config = small("bert");
        PretrainedModel bert = PretrainedModel.initialize(config, DataType.FLOAT, 1);
        return table(
                state(bert::causal)
                        .says(
                                "causal: the model must be a decoder, such as Llama, Qwen or GPT-2, found bert, an encoder"),
                argument(config::ggufModel)
                        .says(
                                "config.json: a GGUF file needs a decoder, such as Llama, Qwen or GPT-2, found an encoder"),
                argument(() -> small("llama").requireEncoder("a cross-encoder"))
                        .says("config.json: a cross-encoder needs an encoder of the BERT family, found a decoder"));
    }

    @Test
    void aDecoderHasNoPooler() {
        PretrainedModel llama = PretrainedModel.initialize(small("llama"), DataType.FLOAT, 1);
        assertThat(llama.hasPooler()).isFalse();
        assertThat(llama.canClassify()).isTrue();
        assertThatIllegalStateException()
                .isThrownBy(llama::pooled)
                .withMessage(
                        "pooled: the file must have a pooler, found none; choose another end, such as meanPooled()");
        assertThat(llama.sentenceEmbeddings().predict(INPUT).shape()).containsExactly(2, 16);
    }

    @Test
    void anotherDropoutIsSaved() throws Exception {
        PretrainedModel gpt2 =
                PretrainedModel.initialize(small("gpt2"), DataType.FLOAT, 1).withDropout(0.25);
        gpt2.save(gpt2.causal(), folder);
        assertThat(Files.readString(folder.resolve("config.json")))
                .contains("\"embd_pdrop\" : 0.25", "\"resid_pdrop\" : 0.25", "\"attn_pdrop\" : 0.25");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gpt2.withDropout(1))
                .withMessageContaining("attn_pdrop must be at least 0 and below 1, found 1.0");
    }

    @Test
    void allProblemsAreListed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelConfig.parse("""
                        {"model_type": "gpt2", "n_embd": 30, "n_head": 4, "n_layer": 0, "activation_function": "silu",
                         "attn_pdrop": "none", "add_cross_attention": true}
                        """))
                .withMessage(
                        "config.json: must be that of a model which this library computes, found vocab_size must be an"
                                + " integer of 32 bits, found none; n_layer must be between 1 and 10000000, found 0; n_head must"
                                + " divide n_embd 30, found 4; activation_function must be one of [gelu, gelu_new,"
                                + " gelu_pytorch_tanh, relu], found 'silu'; attn_pdrop must be a number, found '\"none\"';"
                                + " add_cross_attention must be false, found true");
    }

    @Test
    void aClassifierThatTheFamilyDoesNotHaveIsLeftOver() throws Exception {
        PretrainedModel bert = PretrainedModel.initialize(small("bert"), DataType.FLOAT, 1);
        bert.save(bert.classifier(2, 1), folder);
        Path file = folder.resolve("model.safetensors");
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(SafeTensors.read(file).tensors());
        for (String name : List.of("weight", "bias")) {
            INDArray moved = Objects.requireNonNull(tensors.remove("classifier." + name));
            tensors.put("classifier.out_proj." + name, moved);
        }
        SafeTensors.of(tensors, Map.of()).write(file);
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .hasMessageEndingWith("found left over 'classifier.out_proj.bias', 'classifier.out_proj.weight'");
    }
}
