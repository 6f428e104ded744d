package org.lora4j;

import org.lora4j.nn.Parameter;
import org.lora4j.nn.Parametrization;

/** The decoration that an adapter brings to a layer. */
sealed interface AdapterParametrization extends Parametrization permits LoRAParametrization {
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
