package org.lora4j.nn.internal;

/** A model whose layers passes can compute. */
@FunctionalInterface
public interface Layered {
    /**
     * Returns the layers.
     *
     * @return always the same object
     */
    LayerStack stack();
}
