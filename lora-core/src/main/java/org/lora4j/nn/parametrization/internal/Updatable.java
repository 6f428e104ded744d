package org.lora4j.nn.parametrization.internal;

/** A layer whose weight can carry updates. */
public interface Updatable {
    /**
     * Returns the updates of the weight.
     *
     * @return the registry of the layer
     */
    WeightUpdates updates();

    /**
     * Returns what the layer computes with if nothing updates its weight.
     *
     * @return its own weight and bias
     */
    EffectiveLinear original();
}
