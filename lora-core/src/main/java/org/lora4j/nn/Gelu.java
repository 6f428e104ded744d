package org.lora4j.nn;

import java.util.Objects;

/**
 * The exact GELU, {@code y = x·Φ(x) = x/2·(1 + erf(x/√2))} (<a href="https://arxiv.org/abs/1606.08415">arXiv:1606.08415</a>):
 * Hugging Face's {@code gelu}. In float its error is below 1e-6 of the largest value.
 *
 * @param path the name of the layer, for messages
 */
public record Gelu(String path) implements Layer {
    /**
     * Checks the name.
     *
     * @param path the name of the layer, for messages
     */
    public Gelu {
        Objects.requireNonNull(path, "path must not be null");
    }
}
