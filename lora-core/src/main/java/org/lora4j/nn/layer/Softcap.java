package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * Bounds all values, {@code y = c·tanh(x/c)}: the logits of Gemma 2
 * (<a href="https://arxiv.org/abs/2408.00118">arXiv:2408.00118</a>).
 *
 * @param path the name of the layer, for messages
 * @param bound c
 */
public record Softcap(String path, double bound) implements Layer {
    /**
     * Checks the name and the bound.
     *
     * @param path the name of the layer, for messages
     * @param bound c
     * @throws IllegalArgumentException if the bound is not positive and finite
     */
    public Softcap {
        Objects.requireNonNull(path, "path must not be null");
        if (!(bound > 0) || !Double.isFinite(bound)) {
            throw new IllegalArgumentException(path + ": the bound must be positive, found " + bound);
        }
    }
}
