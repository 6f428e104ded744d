package org.lora4j.serve;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a service did for one adapter so far, or for all, and what it does now. Immutable.
 *
 * @param state whether the adapter is in the model; for several adapters, whether any is
 * @param waiting the requests that wait now, also for their adapter to be loaded
 * @param running the requests that are computed now
 * @param completed the requests that ended with an output
 * @param units the rows of features, or the tokens, that were computed for them
 * @param failed the requests that ended with an error, apart from the following
 * @param rejected the requests that were rejected because too many waited or the service was closed
 * @param late the requests whose time was over
 * @param cancelled the requests that the program cancelled
 * @param latencyNanos the time of each completed request, from its start until its output was there, in nanoseconds. The time
 *     to load the adapter is part of it
 * @param queueNanos the time of each request from its start until its computation began, in nanoseconds
 * @param bytes the bytes of the arrays of the adapter now, or 0 if it is not in the model
 * @param loads how often the adapter was loaded
 * @param failedLoads how often the adapter could not be loaded
 * @param evictions how often the adapter was deleted from the model to keep a limit
 * @param lastFailure the last failure of a request or a load that was a fault, or null if there was none
 * @param fingerprint the {@link org.lora4j.adapter.LoRAAdapter#fingerprint} of the adapter that is in the model now, or null for
 *     several adapters, the base, and an adapter whose fingerprint nobody has asked for. An {@link AdapterCache} computes that of each
 *     adapter which it loads
 */
public record AdapterStats(
        State state,
        int waiting,
        int running,
        long completed,
        long units,
        long failed,
        long rejected,
        long late,
        long cancelled,
        Distribution latencyNanos,
        Distribution queueNanos,
        long bytes,
        long loads,
        long failedLoads,
        long evictions,
        @Nullable Failure lastFailure,
        @Nullable String fingerprint) {
    /** Whether an adapter is in the model. */
    public enum State {
        /** It is not in the model. */
        ABSENT,
        /** It is being loaded. */
        LOADING,
        /** It is in the model. */
        LOADED
    }

    /**
     * A failure, for the operator.
     *
     * @param time when it happened
     * @param message what happened; it may name layers and paths
     */
    public record Failure(Instant time, String message) {
        /**
         * Checks that nothing is missing.
         *
         * @param time when it happened
         * @param message what happened
         */
        public Failure {
            Objects.requireNonNull(time, "time must not be null");
            Objects.requireNonNull(message, "message must not be null");
        }

        /** The later one of two, each of which can be missing. */
        static @Nullable Failure later(@Nullable Failure one, @Nullable Failure other) {
            if (one == null || other == null) {
                return one == null ? other : one;
            }
            return one.time.isBefore(other.time) ? other : one;
        }
    }

    /**
     * Checks that nothing is missing.
     *
     * @param state whether the adapter is in the model
     * @param waiting the requests that wait
     * @param running the requests that are computed
     * @param completed the requests that ended with an output
     * @param units the rows or tokens
     * @param failed the requests that failed
     * @param rejected the requests that were rejected
     * @param late the requests that were late
     * @param cancelled the requests that were cancelled
     * @param latencyNanos the times of the completed requests
     * @param queueNanos the times before the computations
     * @param bytes the bytes of the adapter
     * @param loads the loads
     * @param failedLoads the loads that failed
     * @param evictions the evictions
     * @param lastFailure the last failure
     * @param fingerprint the fingerprint of the adapter
     */
    public AdapterStats {
        Objects.requireNonNull(state, "state must not be null");
        Objects.requireNonNull(latencyNanos, "latencyNanos must not be null");
        Objects.requireNonNull(queueNanos, "queueNanos must not be null");
    }
}
