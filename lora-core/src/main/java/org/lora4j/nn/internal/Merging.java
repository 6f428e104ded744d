package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.Layer;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;

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
        List<Layer> copies = new ArrayList<>();
        for (Layer layer : network.layers()) {
            if (layer instanceof Linear linear) {
                EffectiveLinear merged = effective.of(linear);
                Linear copy = new Linear(linear.path(), merged.materialize(), merged.materializeBias());
                copy.parameters().forEach(Merging::requireFinite);
                copies.add(copy);
            } else {
                copies.add(layer);
            }
        }
        return new Network(copies);
    }

    private static void requireFinite(Parameter parameter) {
        if (!parameter.isFinite()) {
            throw new ArithmeticException(
                    parameter.name() + ": merged values must be finite, found NaN or an infinity");
        }
    }
}
