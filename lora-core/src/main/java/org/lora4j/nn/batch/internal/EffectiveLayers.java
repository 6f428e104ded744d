package org.lora4j.nn.batch.internal;

import java.util.Map;
import java.util.Objects;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;

/** What the layers of a network compute with in one call. */
@FunctionalInterface
public interface EffectiveLayers {
    /**
     * Returns what a layer computes with.
     *
     * @param layer a layer of the network
     * @return its effective weight and bias
     */
    EffectiveLinear of(WeightedLayer layer);

    /**
     * Creates a choice that is given for each layer.
     *
     * @param layers what each layer of the network computes with
     * @return the choice
     */
    static EffectiveLayers of(Map<? extends WeightedLayer, EffectiveLinear> layers) {
        return layer -> Objects.requireNonNull(layers.get(layer), "the layer must belong to the network");
    }
}
