package org.lora4j.nn.internal;

import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.WeightedLayer;

/** Copies a network with the effective weights as plain weights. */
public final class Merging {
    private Merging() {}

    /**
     * Merges. A head that shares the table of an embedding does so in the copy, unless an adapter changes one of them.
     *
     * @param network the network; not changed
     * @param effective what each linear layer computes with
     * @return a plain network with arrays of its own, all trainable
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public static Network merge(Network network, EffectiveLayers effective) {
        return network.with(
                layer -> {
                    EffectiveLinear merged = effective.of(layer);
                    WeightedLayer copy = layer.with(merged.materialize(), merged.materializeBias());
                    copy.parameters().forEach(Merging::requireFinite);
                    return copy;
                },
                layer -> effective.of(layer).updates().isEmpty()
                        && effective.of(layer).weight() == layer.weightParameter());
    }

    private static void requireFinite(Parameter parameter) {
        if (!parameter.isFinite()) {
            throw new ArithmeticException(
                    parameter.name() + ": merged values must be finite, found NaN or an infinity");
        }
    }
}
