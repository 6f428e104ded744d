package org.lora4j.nn.internal;

import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.WeightedLayer;

/** Copies a network with the effective weights as plain weights. */
public final class Merging {
    private Merging() {}

    /**
     * Merges.
     *
     * @param network the network; not changed
     * @param effective what each linear layer computes with
     * @return a plain network with arrays of its own, all trainable
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public static Network merge(Network network, EffectiveLayers effective) {
        return network.with(layer -> {
            EffectiveLinear merged = effective.of(layer);
            WeightedLayer copy = layer.with(merged.materialize(), merged.materializeBias());
            copy.parameters().forEach(Merging::requireFinite);
            return copy;
        });
    }

    private static void requireFinite(Parameter parameter) {
        if (!parameter.isFinite()) {
            throw new ArithmeticException(
                    parameter.name() + ": merged values must be finite, found NaN or an infinity");
        }
    }
}
