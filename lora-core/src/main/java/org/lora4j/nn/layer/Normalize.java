package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * Divides each row by its Euclidean norm, {@code y = x/max(‖x‖, 1e-12)}: what sentence-transformers does with an embedding.
 *
 * @param path the name of the layer, for messages
 */
public record Normalize(String path) implements Layer {
    /** Norms below this are taken as this, so that a row of zeros stays zero. */
    public static final double SMALLEST_NORM = 1e-12;

    /**
     * Checks the name.
     *
     * @param path the name of the layer, for messages
     */
    public Normalize {
        Objects.requireNonNull(path, "path must not be null");
    }
}
