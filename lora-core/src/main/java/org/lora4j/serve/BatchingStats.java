package org.lora4j.serve;

import java.util.Objects;

/**
 * What a {@link BatchingPredictor} did so far. Immutable.
 *
 * @param failedCalls the number of calls that ended with an error, apart from the rejected ones; those that the program
 *     cancelled are among them
 * @param rejectedCalls the number of calls that were rejected because the queue was full or the predictor closed
 * @param latencyNanos the time of each call that was computed, from its begin until its output was there, in nanoseconds.
 *     The time to load an adapter is part of it
 * @param batchRows the number of rows of each batch
 * @param batchCalls the number of calls of each batch
 * @param batchNanos the time that the computation of each batch took, in nanoseconds
 */
public record BatchingStats(
        long failedCalls,
        long rejectedCalls,
        Distribution latencyNanos,
        Distribution batchRows,
        Distribution batchCalls,
        Distribution batchNanos) {
    /**
     * Checks that nothing is missing.
     *
     * @param failedCalls the number of calls that failed
     * @param rejectedCalls the number of calls that were rejected
     * @param latencyNanos the times of the calls
     * @param batchRows the rows of the batches
     * @param batchCalls the calls of the batches
     * @param batchNanos the times of the batches
     */
    public BatchingStats {
        Objects.requireNonNull(latencyNanos, "latencyNanos must not be null");
        Objects.requireNonNull(batchRows, "batchRows must not be null");
        Objects.requireNonNull(batchCalls, "batchCalls must not be null");
        Objects.requireNonNull(batchNanos, "batchNanos must not be null");
    }

    /**
     * Returns how many calls ended with an output.
     *
     * @return the number of calls
     */
    public long completedCalls() {
        return latencyNanos.count();
    }

    /**
     * Returns how many batches were computed.
     *
     * @return the number of batches
     */
    public long batches() {
        return batchRows.count();
    }
}
