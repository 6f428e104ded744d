package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Embeddings, classes and scores of one transformer, whose rows are multiplied together with one packed copy of its weights. */
@Tag("numbers")
class SharedEndsTest {
    private static final String CONFIG = """
            {"model_type": "bert", "vocab_size": 50, "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 512, "max_position_embeddings": 32, "type_vocab_size": 2, "hidden_act": "gelu",
             "layer_norm_eps": 1e-12}
            """;

    private static final Sequences TEXTS =
            Sequences.of(new int[][] {{5, 9, 3}, {7, 2, 2, 8, 1}, {4, 6}, {8, 8, 1, 30}}, null, null);

    private final PretrainedModel pretrained = PretrainedModel.initialize(ModelConfig.parse(CONFIG), DataType.FLOAT, 1);
    private final LoRAModel model = LoRAModel.of(pretrained.lastHiddenState());
    private final Map<String, Network> ends = new LinkedHashMap<>();
    private final Map<String, LoRAAdapter> adapters = new LinkedHashMap<>();

    @BeforeEach
    void addAdapters() {
        assumeTrue(Engines.engine() != null, "oneDNN is fast on this processor");
        ends.put("embeds", pretrained.sentenceEmbeddings());
        ends.put("classes", pretrained.classifier(5, 2));
        ends.put("topics", pretrained.meanClassifier(3, 3));
        ends.put("scores", pretrained.meanClassifier(1, 4));
        ends.forEach((name, end) -> {
            LoRAConfig config = LoRAConfig.builder()
                    .rank(2)
                    .alpha(4)
                    .targetModules("query", "value")
                    .init(LoRAInit.random())
                    .seed(name.hashCode())
                    .build();
            LoRAAdapter adapter = LoRAAdapter.initialize(end, config).adapter();
            adapters.put(name, adapter);
            assertThat(model.addManaged(name, adapter, end)).isNotNull();
        });
    }

    /** The memory of the layers that all ends have. */
    private static long bytes(Network network) {
        return network.weightStorage().stream()
                .filter(storage -> !storage.layer().contains("pooler"))
                .mapToLong(WeightStorage::bytes)
                .sum();
    }

    @Test
    void theWeightsArePackedOnce() {
        long ofModel = bytes(model.network());
        Map<String, Long> before = new LinkedHashMap<>();
        ends.forEach((name, end) -> before.put(name, bytes(end)));
        assertThat(model.predictEach(TEXTS, List.copyOf(ends.keySet()))).hasSize(4);
        long packed = bytes(model.network()) - ofModel;
        long plain = 2L * 4 * (4 * 256 * 256 + 2 * 256 * 512);
        assertThat(packed).as("both layers, with the padding of oneDNN").isBetween(plain, 2 * plain);
        ends.forEach((name, end) -> assertThat(bytes(end)).as(name).isEqualTo(before.get(name)));
    }

    /** What the other rows of a batch are for changes no bit of a row. */
    @Test
    void aRowHasTheBitsThatItHasAmongRowsOfItsOwnTask() {
        Network end = Objects.requireNonNull(ends.get("embeds"));
        LoRAModel alone = LoRAModel.of(end);
        alone.add("embeds", Objects.requireNonNull(adapters.get("embeds")));
        alone.add("other", LoRAConfig.of(4, 8));
        List<INDArray> mixed = model.predictEach(TEXTS, List.of("embeds", "classes", "scores", "embeds"));
        INDArray plain = alone.predict(TEXTS, List.of("embeds", "other", "other", "embeds"));
        for (int i : new int[] {0, 3}) {
            assertThat(ArrayBits.equal(mixed.get(i), plain.getRow(i, true).dup('c')))
                    .isTrue();
        }
    }
}
