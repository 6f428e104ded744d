package org.lora4j.nn.internal;

/** A layer whose weight can carry updates. */
@FunctionalInterface
public interface Updatable {
    /**
     * Returns the updates of the weight.
     *
     * @return the registry of the layer
     */
    WeightUpdates updates();
}
