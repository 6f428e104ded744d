package org.lora4j.example.mnist.report;

import org.jspecify.annotations.Nullable;

/**
 * How the two trainings went.
 *
 * @param base the training of the whole network; null when the base was loaded instead
 * @param fineTune the training of the low-rank factors
 */
public record Training(@Nullable Phase base, Phase fineTune) {

    /**
     * One training.
     *
     * @param iterations batches seen
     * @param seconds wall time
     * @param finalLoss loss of the last batch; null, as JSON has no NaN, when it was not finite
     */
    public record Phase(
            long iterations, double seconds, @Nullable Double finalLoss) {

        /**
         * Checks the numbers; a loss that is not finite becomes null.
         *
         * @param iterations as in the record
         * @param seconds as in the record
         * @param finalLoss as in the record
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
