package org.lora4j.text.job;

import org.jspecify.annotations.Nullable;

/**
 * How a job trains, as far as its request says it. What is null follows from the method, the model and the number of rows.
 *
 * @param epochs how often all rows are used
 * @param batchSize the rows of a step
 * @param learningRateMultiplier the factor of the learning rate that suits method and model
 * @param beta how much preferences hold the adapter to the model; for {@link JobMethod#DPO} only
 */
public record Hyperparameters(
        @Nullable Integer epochs,
        @Nullable Integer batchSize,
        @Nullable Double learningRateMultiplier,
        @Nullable Double beta) {
    /** Nothing is said. */
    public static final Hyperparameters AUTO = new Hyperparameters(null, null, null, null);

    /** More is a mistake. */
    private static final int MOST = 100_000;

    /**
     * Checks the numbers.
     *
     * @param epochs how often all rows are used
     * @param batchSize the rows of a step
     * @param learningRateMultiplier the factor of the learning rate
     * @param beta how much preferences hold the adapter to the model
     * @throws IllegalArgumentException if a number is not positive, not finite, or an integer is greater than 100,000
     */
    public Hyperparameters {
        requireInRange("epochs", epochs);
        requireInRange("batchSize", batchSize);
        requirePositive("learningRateMultiplier", learningRateMultiplier);
        requirePositive("beta", beta);
    }

    private static void requireInRange(String what, @Nullable Integer value) {
        if (value != null && (value < 1 || value > MOST)) {
            throw new IllegalArgumentException(what + " must be from 1 to " + MOST + ", found " + value);
        }
    }

    private static void requirePositive(String what, @Nullable Double value) {
        if (value != null && !(value > 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException(what + " must be positive and finite, found " + value);
        }
    }
}
