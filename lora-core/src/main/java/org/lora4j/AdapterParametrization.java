package org.lora4j;

import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Parametrization;

/** The decoration that an adapter brings to a layer. */
sealed interface AdapterParametrization extends Parametrization permits LoRAParametrization, DoRAParametrization {
    /**
     * Makes a decoration at its beginning.
     *
     * @throws IllegalArgumentException if the rank does not fit the layer
     */
    static AdapterParametrization create(Linear linear, String name, LoRAConfig config) {
        return config.dora()
                ? DoRAParametrization.create(linear, name, config)
                : LoRAParametrization.create(linear, name, config);
    }

    /** Makes a decoration of given factors, which are copied; with a magnitude if the configuration asks for DoRA. */
    static AdapterParametrization of(Linear linear, String name, LoRAConfig config, LoRAWeights weights) {
        return config.dora()
                ? DoRAParametrization.of(linear, name, config, weights)
                : LoRAParametrization.of(linear, name, config, weights);
    }

    /** {@code A [r, in]}. */
    Parameter loraA();

    /** {@code B [out, r]}. */
    Parameter loraB();

    /**
     * A copy of what the adapter holds for the layer, as a change of the untouched base: where the beginning took from
     * the base, the factors have twice the rank.
     */
    LoRAWeights weights();
}
