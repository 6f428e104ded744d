package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * Dropout in training: each value is 0 with probability p, else it is divided by {@code 1 − p}. Predictions do not drop.
 *
 * <p>The values that a step drops depend on the seed, the path and the number of the step. So a training that resumes drops
 * the same as one that was not interrupted.
 *
 * @param path the name of the layer
 * @param probability p, at least 0 and below 1
 * @param seed the seed of the random numbers
 */
public record Dropout(String path, double probability, long seed) implements Layer {
    /**
     * Checks the probability.
     *
     * @param path the name of the layer
     * @param probability p, at least 0 and below 1
     * @param seed the seed of the random numbers
     * @throws IllegalArgumentException if the probability is outside its range
     */
    public Dropout {
        Objects.requireNonNull(path, "path must not be null");
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException(
                    path + ": the probability of dropout must be at least 0 and below 1, found " + probability);
        }
    }
}
