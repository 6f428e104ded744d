package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * Multiplies all values by a number, {@code y = s·x}: Gemma's embeddings, with the root of their width.
 *
 * @param path the name of the layer, for messages
 * @param factor s
 */
public record Scale(String path, double factor) implements Layer {
    /**
     * Checks the name and the factor.
     *
     * @param path the name of the layer, for messages
     * @param factor s
     * @throws IllegalArgumentException if the factor is not finite
     */
    public Scale {
        Objects.requireNonNull(path, "path must not be null");
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException(path + ": the factor must be finite, found " + factor);
        }
    }
}
