package org.lora4j;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter as data: how it was made, and the arrays per layer. It is what files hold, what can be combined and
 * converted, and what is added to a {@link LoRAModel}. It always describes a change of the untouched base.
 *
 * @param config ranks, α, variants, targets
 * @param weights what the adapted layers hold, by module path, in the order of the network
 * @param biases trained copies of biases {@code [out]}, by the module path of their layer
 * @param savedModules layers trained in full, by module path
 */
public record LoRAAdapter(
        LoRAConfig config,
        Map<String, LoRAWeights> weights,
        Map<String, INDArray> biases,
        Map<String, SavedModule> savedModules) {
    /**
     * Copies the maps.
     *
     * @param config see the record
     * @param weights see the record
     * @param biases see the record
     * @param savedModules see the record
     * @throws IllegalArgumentException if no layer is adapted
     */
    public LoRAAdapter {
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("an adapter must adapt at least one layer, found none");
        }
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
        biases = Collections.unmodifiableMap(new LinkedHashMap<>(biases));
        savedModules = Collections.unmodifiableMap(new LinkedHashMap<>(savedModules));
    }

    /**
     * An adapter of factors alone.
     *
     * @param config ranks, α, variants, targets
     * @param weights what the adapted layers hold, by module path
     * @throws IllegalArgumentException if no layer is adapted
     */
    public LoRAAdapter(LoRAConfig config, Map<String, LoRAWeights> weights) {
        this(config, weights, Map.of(), Map.of());
    }

    /**
     * A layer trained in full.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     */
    public record SavedModule(INDArray weight, @Nullable INDArray bias) {}
}
