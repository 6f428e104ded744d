package org.lora4j.nn.batch.internal;

import java.util.Map;
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
     * Returns the layers that compute.
     *
     * @param ofModel the layers of the model
     * @return the same; or others of which only the first are those of the model, for an adapter with another end
     */
    default LayerStack stack(LayerStack ofModel) {
        return ofModel;
    }

    /**
     * Creates a choice that is given for each layer.
     *
     * @param layers what each layer of the network computes with
     * @return the choice
     */
    static EffectiveLayers of(Map<? extends WeightedLayer, EffectiveLinear> layers) {
        return layer -> of(layers, layer);
    }

    /**
     * Creates a choice that is given for each layer of a stack.
     *
     * @param stack the layers that compute
     * @param layers what each of them computes with
     * @return the choice
     */
    static EffectiveLayers of(LayerStack stack, Map<? extends WeightedLayer, EffectiveLinear> layers) {
        return new EffectiveLayers() {
            @Override
            public EffectiveLinear of(WeightedLayer layer) {
                return EffectiveLayers.of(layers, layer);
            }

            @Override
            public LayerStack stack(LayerStack ofModel) {
                return stack;
            }
        };
    }

    private static EffectiveLinear of(Map<? extends WeightedLayer, EffectiveLinear> layers, WeightedLayer layer) {
        EffectiveLinear effective = layers.get(layer);
        if (effective == null) {
            throw new IllegalArgumentException(layer.path() + ": the layer must belong to the network");
        }
        return effective;
    }
}
