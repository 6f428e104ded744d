package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * The GELU, {@code y = x·Φ(x)} (<a href="https://arxiv.org/abs/1606.08415">arXiv:1606.08415</a>). In float its error is below
 * 1e-6 of the largest value.
 *
 * @param path the name of the layer, for messages
 * @param form how Φ is computed
 */
public record Gelu(String path, Form form) implements Layer {
    /** How the distribution function Φ is computed. */
    public enum Form {
        /** {@code Φ(x) = 1/2·(1 + erf(x/√2))}: Hugging Face's {@code gelu}. */
        EXACT,
        /** {@code Φ(x) ≈ 1/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))}: Hugging Face's {@code gelu_new}. */
        TANH
    }

    /**
     * Checks that nothing is null.
     *
     * @param path the name of the layer, for messages
     * @param form how Φ is computed
     */
    public Gelu {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(form, "form must not be null");
    }

    /**
     * Creates the exact GELU.
     *
     * @param path the name of the layer, for messages
     */
    public Gelu(String path) {
        this(path, Form.EXACT);
    }
}
