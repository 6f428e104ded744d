package org.lora4j.nn.batch.internal;

import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;

/** Copies layers with the effective weights as plain weights. */
public final class Merging {
    private Merging() {}

    /**
     * Creates a function that merges a layer.
     *
     * @param effective what each layer computes with
     * @return a function that returns a copy of a layer with arrays of its own, all trainable, without updates. It throws
     *     {@link ArithmeticException} if a merged weight or bias is NaN or infinite; the message names it
     */
    public static UnaryOperator<WeightedLayer> of(EffectiveLayers effective) {
        return layer -> {
            EffectiveLinear merged = effective.of(layer);
            WeightedLayer copy = layer.with(merged.materialize(), merged.materializeBias());
            copy.parameters().forEach(Merging::requireFinite);
            return copy;
        };
    }

    /**
     * Creates a condition: whether a merged layer has the weight of the original. Layers that share a parameter share it in
     * the merged network if this is so for both.
     *
     * @param effective what each layer computes with
     * @return the condition
     */
    public static Predicate<WeightedLayer> keepsWeight(EffectiveLayers effective) {
        return layer ->
                effective.of(layer).updates().isEmpty() && effective.of(layer).weight() == layer.weightParameter();
    }

    private static void requireFinite(Parameter parameter) {
        if (!parameter.isFinite()) {
            throw new ArithmeticException(
                    parameter.name() + ": merged values must be finite, found NaN or an infinity");
        }
    }
}
