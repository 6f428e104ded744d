package org.lora4j.nn.internal;

/** A layer whose weight can carry parametrizations. */
@FunctionalInterface
public interface Parametrized {
    /**
     * Returns the parametrizations of the weight.
     *
     * @return the registry of the layer
     */
    Parametrizations parametrizations();
}
