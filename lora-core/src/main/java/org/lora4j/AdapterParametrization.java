package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.WeightedLayer;
import org.lora4j.nn.internal.Parametrization;

/** The parametrization of an adapter on one layer. */
sealed interface AdapterParametrization extends Parametrization permits LoRAParametrization, DoRAParametrization {
    /**
     * Creates a parametrization from arrays, which are copied; with a magnitude if the configuration has DoRA.
     *
     * @param subtracted {@code B₀} and {@code A₀}, whose {@code s·B₀·A₀} is subtracted from the base, or null
     */
    static AdapterParametrization of(
            WeightedLayer layer, LoRAConfig config, LoRAWeights weights, @Nullable LowRankFactors subtracted) {
        String name = LoRAParametrization.DEFAULT_NAME;
        return config.dora()
                ? DoRAParametrization.of(layer, name, config, weights)
                : LoRAParametrization.of(layer, name, config, weights, subtracted);
    }

    /** {@code A [r, in]}. */
    Parameter loraA();

    /** {@code B [out, r]}. */
    Parameter loraB();

    /** The same parametrization, on the same arrays, with its scale multiplied; itself for 1. */
    AdapterParametrization rescaled(double multiplier);

    /** The factors; the arrays themselves. */
    LoRAWeights weights();

    /** A copy of the arrays; what was subtracted from the base is not among them. */
    LoRAWeights copyOfWeights();
}
