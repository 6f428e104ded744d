package org.lora4j.model.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.update.internal.LoRAUpdate;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adapters with PEFT's {@code ensure_weight_tying}: what such an adapter trains of an embedding, it trains of the head that
 * shares its table too, as one.
 */
final class TiedLayers {
    private static final String FIELD = "ensure_weight_tying";

    private TiedLayers() {}

    /** Visits what an adapter has of each layer, that of embeddings first: what a head shares is then known. */
    static <T> void forEachTableFirst(Network network, Map<String, T> byPath, BiConsumer<WeightedLayer, T> action) {
        for (boolean isTable : new boolean[] {true, false}) {
            byPath.forEach((path, value) -> {
                WeightedLayer layer = network.baseLayer(path);
                if (layer instanceof Embedding == isTable) {
                    action.accept(layer, value);
                }
            });
        }
    }

    /** Finds what an adapter has of the embedding that a layer shares its table with; nothing if they are not to be tied. */
    static <T> Optional<T> table(WeightedLayer layer, LoRAConfig config, Map<WeightedLayer, T> ofLayers) {
        boolean ties = "true".equals(config.hubFields().others().get(FIELD));
        return ties && layer instanceof Linear
                ? ofLayers.entrySet().stream()
                        .filter(entry -> entry.getKey() instanceof Embedding
                                && entry.getKey().weightParameter() == layer.weightParameter())
                        .map(Map.Entry::getValue)
                        .findFirst()
                : Optional.empty();
    }

    /** Whether the factors of a head are those of the embedding, transposed, and nothing else belongs to them. */
    static boolean haveTheSameFactors(LoRAUpdate table, LoRAUpdate head) {
        LoRAWeights a = table.weights();
        LoRAWeights b = head.weights();
        boolean isPlain = a.magnitude() == null
                && b.magnitude() == null
                && b.loraBBias() == null
                && table.subtracted() == null
                && head.subtracted() == null;
        return isPlain && equal(a.loraA(), b.loraB()) && equal(a.loraB(), b.loraA());
    }

    private static boolean equal(INDArray factor, INDArray transposed) {
        return factor.transpose().equalsWithEps(transposed, 0);
    }

    /** Gives the heads of a new adapter the factors of the embedding, transposed. */
    static LoRAAdapter tie(Network network, LoRAAdapter adapter) {
        LoRAConfig config = adapter.config();
        if (config.dora() || config.loraBias() || config.init().subtractsFromBase()) {
            return adapter;
        }
        Map<WeightedLayer, LoRAWeights> ofLayers = new LinkedHashMap<>();
        forEachTableFirst(network, adapter.weights(), ofLayers::put);
        Map<String, LoRAWeights> tied = new LinkedHashMap<>();
        adapter.weights()
                .forEach((path, weights) -> tied.put(
                        path,
                        table(network.baseLayer(path), config, ofLayers)
                                .filter(table -> table.rank() == weights.rank())
                                .map(table -> new LoRAWeights(
                                        LayerKind.LINEAR,
                                        table.loraB().transpose().dup('c'),
                                        table.loraA().transpose().dup('c'),
                                        null,
                                        null))
                                .orElse(weights)));
        return new LoRAAdapter(config, tied, adapter.biases(), adapter.savedModules(), adapter.tokenRows());
    }
}
