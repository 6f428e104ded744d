package org.lora4j.example.mnist.report;

import org.jspecify.annotations.Nullable;

/**
 * The two trainings of a run.
 *
 * @param base the training of the whole network; null if the base was loaded
 * @param fineTune the training of A and B; with several adapters, their sum
 */
public record Training(@Nullable Phase base, Phase fineTune) {
    /**
     * One training.
     *
     * @param iterations the number of batches
     * @param seconds how long it took
     * @param finalLoss the loss of the last batch; null if it was not finite, since JSON has no NaN
     */
    public record Phase(
            long iterations, double seconds, @Nullable Double finalLoss) {
        /**
         * Checks the numbers, and replaces a loss that is not finite by null.
         *
         * @throws IllegalArgumentException if iterations or seconds are negative or not finite
         */
        public Phase {
            if (iterations < 0) {
                throw new IllegalArgumentException("iterations must not be negative, found " + iterations);
            }
            if (!(seconds >= 0 && seconds < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("seconds must be finite and not negative, found " + seconds);
            }
            finalLoss = finalLoss != null && Double.isFinite(finalLoss) ? finalLoss : null;
        }
    }
}
