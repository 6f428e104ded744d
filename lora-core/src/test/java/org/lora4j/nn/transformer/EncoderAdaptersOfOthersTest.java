package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFormatException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters of one model on another with the same layers, and what PEFT needs to open them again. */
@Tag("numbers")
class EncoderAdaptersOfOthersTest {
    private static final String QUERY = "encoder.layer.0.attention.self.query";

    @TempDir
    private Path folder;

    private static JsonNode config(Path folder) throws Exception {
        return new ObjectMapper().readTree(folder.resolve("adapter_config.json").toFile());
    }

    @ParameterizedTest
    @ValueSource(strings = {"encoder_lora_qv", "encoder_lora_all_linear"})
    void anAdapterOfAClassifierComputesTheSameOnAnEncoder(String name) throws Exception {
        GoldenCase golden = GoldenCase.of(name);
        Path adapter = golden.folder().resolve("adapter");
        PretrainedModel bert = golden.model();
        Sequences input = golden.input();
        LoRAModel encoder = LoRAModel.of(bert.pooled());
        AdapterView view = encoder.load("a", adapter, ReadOptions.of(FingerprintCheck.IGNORE));
        INDArray pooled = view.predict(input);

        // With the classifier of the adapter on top, the logits are those of PEFT.
        LoRAAdapter whole = PeftAdapters.load(adapter, bert.classifier());
        LoRAAdapter.SavedModule head = requireNonNull(whole.savedModules().get("classifier"));
        INDArray logits = pooled.mmul(head.weight().transpose()).addRowVector(requireNonNull(head.bias()));
        golden.assertOutput("logits_adapter", logits);

        view.save(folder);
        assertThat(LoRAModel.of(bert.pooled())
                        .load("again", folder, ReadOptions.of(FingerprintCheck.REQUIRE))
                        .predict(input))
                .isEqualTo(pooled);
        assertThat(config(folder).path("task_type").textValue()).isEqualTo("FEATURE_EXTRACTION");
        assertThat(config(folder).path("modules_to_save").isNull()).isTrue();
        assertThat(SafeTensors.readHeader(folder.resolve("adapter_model.safetensors"))
                        .names())
                .contains("base_model.model." + QUERY + ".lora_A.weight")
                .noneMatch(tensor -> tensor.contains("classifier") || tensor.contains("bert."));
    }

    @Test
    void anAdapterOfAnEncoderComputesTheSameUnderAClassifier() throws Exception {
        GoldenCase golden = GoldenCase.of("encoder_classifier");
        PretrainedModel bert = golden.model();
        AdapterView onEncoder = LoRAModel.of(bert.pooled())
                .add(
                        "a",
                        LoRAConfig.builder()
                                .rank(2)
                                .alpha(3)
                                .rankPattern(Map.of("^" + QUERY.replace(".", "\\."), 1))
                                .alphaPattern(Map.of("layer.1.attention.self.value", 5.0))
                                .targetModules(TargetModules.regex("encoder\\.layer\\..*(query|value)"))
                                .init(LoRAInit.random())
                                .build());
        onEncoder.save(folder);
        assertThat(config(folder).path("task_type").textValue()).isEqualTo("FEATURE_EXTRACTION");
        Network network = bert.classifier();

        AdapterView onClassifier = LoRAModel.of(network).load("a", folder, ReadOptions.of(FingerprintCheck.REQUIRE));

        INDArray pooled = onEncoder.predict(golden.input());
        INDArray logits = pooled.mmul(network.linear("classifier").weight().transpose())
                .addRowVector(requireNonNull(network.linear("classifier").bias()));
        GoldenCase.assertClose("logits", onClassifier.predict(golden.input()), logits, 1e-5);
        Path again = folder.resolve("again");
        onClassifier.save(again);
        assertThat(PeftAdapters.load(again, network, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(onClassifier.adapter());
        assertThat(config(again).path("task_type").isNull())
                .as("PEFT opens a classifier only with its head")
                .isTrue();
    }

    @Test
    void refusesALayerThatTheOtherModelDoesNotHave() throws Exception {
        GoldenCase golden = GoldenCase.of("encoder_lora_all_linear");
        assertThatThrownBy(() -> PeftAdapters.load(
                        golden.folder().resolve("adapter"), golden.model().sentenceEmbeddings()))
                .as("there is no pooler")
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining(
                        "found that some are, without bert., but not 'bert.pooler.dense'; use a model that has"
                                + " all of them");
    }

    @Test
    void refusesPathsThatFitInTwoWays() throws Exception {
        Network twins = Network.builder(3).linear("a.fc", 3).linear("b.fc", 3).build(1);
        LoRAAdapter adapter = LoRAAdapter.initialize(
                        Network.builder(3).linear("fc", 3).build(1), LoRAConfig.of(1, 1))
                .adapter();
        PeftAdapters.save(adapter, folder);

        assertThatThrownBy(() -> PeftAdapters.load(folder, twins))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found several that fit: 'with a.', 'with b.'; rename the tensors");
    }

    @Test
    void storesTheTaskOfTheHost() throws Exception {
        PretrainedModel bert = GoldenCase.of("encoder_classifier").model();
        LoRAConfig head = LoRAConfig.builder()
                .rank(1)
                .targetModules("query")
                .modulesToSave("classifier")
                .build();
        LoRAConfig plain = LoRAConfig.builder().rank(1).targetModules("query").build();
        assertThat(task(bert.classifier(), head)).isEqualTo("SEQ_CLS");
        assertThat(task(bert.classifier(), plain)).isNull();
        assertThat(task(bert.sentenceEmbeddings(), plain)).isEqualTo("FEATURE_EXTRACTION");
        assertThat(task(bert.lastHiddenState(), plain)).isEqualTo("FEATURE_EXTRACTION");
        assertThat(task(Network.builder(2).linear("query", 2).build(1), plain)).isNull();
        LoRAConfig own = plain.toBuilder()
                .hubFields(plain.hubFields()
                        .withTaskType("TOKEN_CLS")
                        .withBaseModel("bert")
                        .withRevision("v1"))
                .build();
        assertThat(task(bert.lastHiddenState(), own)).isEqualTo("TOKEN_CLS");
    }

    private String task(Network network, LoRAConfig config) throws Exception {
        LoRAModel.of(network).add("a", config).save(folder);
        return config(folder).path("task_type").textValue();
    }

    @Test
    void readsTheCopyOfAnEmbeddingThatPeftStores() throws Exception {
        GoldenCase golden = GoldenCase.of("encoder_embedding_lora");
        Path adapter = golden.folder().resolve("adapter");
        Network network = golden.model().lastHiddenState();
        Map<String, INDArray> tensors = new LinkedHashMap<>(
                SafeTensors.read(adapter.resolve("adapter_model.safetensors")).tensors());
        String name = "base_model.model.embeddings.word_embeddings.base_layer.weight";
        INDArray words = network.baseLayer("embeddings.word_embeddings").weight();
        Files.write(folder.resolve("adapter_config.json"), Files.readAllBytes(adapter.resolve("adapter_config.json")));

        tensors.put(name, words.dup());
        SafeTensors.of(tensors, Map.of()).write(folder.resolve("adapter_model.safetensors"));
        assertThat(PeftAdapters.load(folder, network).weights())
                .isEqualTo(PeftAdapters.load(adapter, network).weights());

        tensors.put(name, words.dup().putScalar(5, 1f));
        SafeTensors.of(tensors, Map.of()).write(folder.resolve("adapter_model.safetensors"));
        assertThatThrownBy(() -> PeftAdapters.load(folder, network))
                .hasMessageContaining("'" + name + "' must be a copy of the base's");
    }

    /** Writes an adapter with rows of tokens as PEFT does. */
    private void writeTokens(Network network, String indices, INDArray rows) throws Exception {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        LoRAAdapter factors = LoRAAdapter.initialize(
                        network,
                        LoRAConfig.builder()
                                .rank(2)
                                .targetModules("query")
                                .init(LoRAInit.random())
                                .build())
                .adapter();
        factors.weights().forEach((path, weights) -> {
            tensors.put("base_model.model." + path + ".lora_A.weight", weights.loraA());
            tensors.put("base_model.model." + path + ".lora_B.weight", weights.loraB());
        });
        tensors.put("base_model.model.embeddings.word_embeddings.token_adapter.trainable_tokens_delta", rows);
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("adapter_model.safetensors"));
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"query\"], \"trainable_token_indices\": "
                        + indices + "}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[5, 2, 9]", "{\"word_embeddings\": [5, 2, 9]}", "{\"embeddings.word_embeddings\": [5, 2, 9]}"})
    void appliesRowsOfTokens(String indices) throws Exception {
        Network network =
                GoldenCase.of("encoder_forward").model(DataType.DOUBLE).lastHiddenState();
        INDArray rows = Nd4j.rand(DataType.DOUBLE, 3, 24);
        writeTokens(network, indices, rows);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.load("a", folder, ReadOptions.of(FingerprintCheck.IGNORE));
        Sequences input = Sequences.of(new int[] {5, 9, 3, 5}, new int[] {7, 2});

        // The same factors over a table with other rows.
        Network changed = network.copy();
        INDArray table = changed.baseLayer("embeddings.word_embeddings").weight();
        int[] tokens = {5, 2, 9};
        for (int k = 0; k < tokens.length; k++) {
            table.putRow(tokens[k], rows.getRow(k));
        }
        LoRAAdapter adapter = view.adapter();
        LoRAAdapter factors = new LoRAAdapter(
                LoRAConfig.builder().rank(2).targetModules("query").build(), adapter.weights());
        INDArray expected = LoRAModel.of(changed).add("b", factors).predict(input);
        GoldenCase.assertClose("rows", view.predict(input), expected, 1e-12);
        GoldenCase.assertClose("merged", view.merge().predict(input), expected, 1e-12);
        GoldenCase.assertClose(
                "one by one",
                model.predict(input, List.of("a", LoRAModel.BASE)).getRows(0, 1, 2, 3),
                expected.getRows(0, 1, 2, 3),
                1e-12);

        Path again = folder.resolve("again");
        view.save(again);
        assertThat(config(again).path("trainable_token_indices")).isEqualTo(new ObjectMapper().readTree(indices));
        assertThat(PeftAdapters.load(again, network, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(adapter);
        assertThat(SafeTensors.read(again.resolve("adapter_model.safetensors"))
                        .tensor("base_model.model.embeddings.word_embeddings.token_adapter.trainable_tokens_delta"))
                .isEqualTo(rows);
        assertThat(PeftAdapters.load(folder).tokenRows().keySet())
                .isEqualTo(adapter.tokenRows().keySet());
    }

    @Test
    void refusesRowsThatDoNotFit() throws Exception {
        Network network = GoldenCase.of("encoder_forward").model().lastHiddenState();
        assertRefused(network, "[5, 2]", 3, 24, "trainable_tokens_delta' must be [2, 24], found [3, 24]");
        assertRefused(network, "[5, 2]", 2, 25, "trainable_tokens_delta' must be [2, 24], found [2, 25]");
        assertRefused(network, "[5, 5]", 2, 24, "must be different numbers from 0 on, found 5 twice");
        assertRefused(network, "[5, -1]", 2, 24, "must be different numbers from 0 on, found -1");
        assertRefused(network, "\"5\"", 2, 24, "trainable_token_indices must be a list of integers");
        assertRefused(network, "null", 2, 24, "tensors are not expected: ");
        assertRefused(network, "{\"other\": [5, 2]}", 2, 24, "trainable tokens must be those of an embedding");
        writeTokens(network, "[5, 60]", Nd4j.rand(DataType.FLOAT, 2, 24));
        assertThatThrownBy(() -> LoRAModel.of(network).load("a", folder))
                .hasMessageContaining("trainable tokens must be below the vocabulary of 60, found 60");
    }

    private void assertRefused(Network network, String indices, int n, int dim, String message) throws Exception {
        writeTokens(network, indices, Nd4j.rand(DataType.FLOAT, n, dim));
        assertThatThrownBy(() -> PeftAdapters.load(folder, network))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining(message);
    }
}
