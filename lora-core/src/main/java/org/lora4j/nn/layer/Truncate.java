package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * Keeps the first numbers of each row, {@code y = (x₁, …, xₖ)}: the {@code truncate_dim} of sentence-transformers. The first
 * numbers of an embedding are an embedding too if the model was trained for it (Matryoshka, <a
 * href="https://arxiv.org/abs/2205.13147">arXiv:2205.13147</a>).
 *
 * @param path the name of the layer, for messages
 * @param size k, at least 1
 */
public record Truncate(String path, long size) implements Layer {
    /**
     * Checks the size.
     *
     * @param path the name of the layer, for messages
     * @param size k, at least 1
     * @throws IllegalArgumentException if the size is below 1
     */
    public Truncate {
        Objects.requireNonNull(path, "path must not be null");
        if (size < 1) {
            throw new IllegalArgumentException(path + ": size must be at least 1, found " + size);
        }
    }

    @Override
    public long outputSize(long inputSize) {
        if (size > inputSize) {
            throw new IllegalArgumentException(
                    path + ": size must be at most the " + inputSize + " numbers of a row, found " + size);
        }
        return size;
    }
}
