package org.lora4j.serve;

import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a service did so far. Immutable.
 *
 * <pre>{@code
 * ServingStats stats = predictor.stats();
 * long slow = stats.all().latencyNanos().percentile(99);
 * int waiting = stats.adapter("customer-a").waiting();
 * }</pre>
 *
 * @param all the figures of all adapters together
 * @param adapters the figures of each adapter. If there are more adapters than the service keeps names, the others are one
 *     entry with the name {@value #OTHERS}
 * @param batchRequests the number of requests of each batch
 * @param batchUnits the rows of features, or the tokens, of each batch
 * @param batchNanos the time that the computation of each batch took, in nanoseconds
 */
public record ServingStats(
        OfAdapter all,
        Map<String, OfAdapter> adapters,
        Distribution batchRequests,
        Distribution batchUnits,
        Distribution batchNanos) {
    /** The name of the entry for all adapters that have no entry of their own. No adapter can have it. */
    public static final String OTHERS = "*";

    /**
     * Copies the map.
     *
     * @param all the figures of all adapters together
     * @param adapters the figures of each adapter
     * @param batchRequests the requests of the batches
     * @param batchUnits the rows or tokens of the batches
     * @param batchNanos the times of the batches
     */
    public ServingStats {
        Objects.requireNonNull(all, "all must not be null");
        adapters = Map.copyOf(Objects.requireNonNull(adapters, "adapters must not be null"));
        Objects.requireNonNull(batchRequests, "batchRequests must not be null");
        Objects.requireNonNull(batchUnits, "batchUnits must not be null");
        Objects.requireNonNull(batchNanos, "batchNanos must not be null");
    }

    /**
     * Returns the figures of an adapter.
     *
     * @param name its name
     * @return its own, or those of all others if it has no entry
     */
    public OfAdapter adapter(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return adapters.getOrDefault(name, adapters.getOrDefault(OTHERS, all));
    }

    /**
     * How often values of different sizes occurred, such as times in nanoseconds. Values are grouped: 16 groups for each power of
     * two, so that a {@link #percentile} is at most 6.25 % too high. Immutable.
     */
    public static final class Distribution {
        /** The number of groups for values below 2⁶³. */
        static final int GROUPS = 16 * 61;

        private static final int GROUP_BITS = 4;

        private final long[] counts;
        private final long count;
        private final long sum;
        private final long max;

        Distribution(long[] counts, long sum, long max) {
            this.counts = counts.clone();
            count = Arrays.stream(counts).sum();
            this.sum = sum;
            this.max = max;
        }

        /** The group of a value, which is not negative. */
        static int group(long value) {
            int shift = Math.max(0, Long.SIZE - 1 - GROUP_BITS - Long.numberOfLeadingZeros(value));
            return (shift << GROUP_BITS) + (int) (value >>> shift);
        }

        /** The largest value of a group. */
        private static long largest(int group) {
            int shift = Math.max(0, (group >>> GROUP_BITS) - 1);
            long first = group - ((long) shift << GROUP_BITS);
            return ((first + 1) << shift) - 1;
        }

        /**
         * Returns how many values there are.
         *
         * @return the number of values
         */
        public long count() {
            return count;
        }

        /**
         * Returns the sum of all values.
         *
         * @return the sum
         */
        public long sum() {
            return sum;
        }

        /**
         * Returns the mean of all values.
         *
         * @return the mean, or 0 if there are no values
         */
        public double mean() {
            return count == 0 ? 0 : (double) sum / count;
        }

        /**
         * Returns the largest value.
         *
         * @return the largest value, or 0 if there are no values
         */
        public long max() {
            return max;
        }

        /**
         * Returns a bound that a part of the values does not exceed.
         *
         * @param percent the part, from 0 to 100: 50 for the median
         * @return the bound, at most 6.25 % too high, or 0 if there are no values
         * @throws IllegalArgumentException if the part is outside these bounds
         */
        public long percentile(double percent) {
            if (!(percent >= 0 && percent <= 100)) {
                throw new IllegalArgumentException("percent must be from 0 to 100, found " + percent);
            }
            long wanted = Math.max(1, (long) Math.ceil(percent / 100 * count));
            long seen = 0;
            for (int i = 0; i < counts.length; i++) {
                seen += counts[i];
                if (seen >= wanted) {
                    return Math.min(max, largest(i));
                }
            }
            return max;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "Distribution[count=%d, mean=%.1f, median=%d, 99 %%=%d, max=%d]",
                    count,
                    mean(),
                    percentile(50),
                    percentile(99),
                    max);
        }
    }

    /**
     * What a service did for one adapter so far, or for all, and what it does now. Immutable.
     *
     * @param state whether the adapter is in the model; for several adapters, whether any is
     * @param waiting the requests that wait now, also for their adapter to be loaded
     * @param running the requests that are computed now
     * @param completed the requests that ended with an output
     * @param units the rows of features, or the tokens, that were computed for them
     * @param reusedTokens the tokens of prompts that were not computed, because their keys and values were known
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
    public record OfAdapter(
            State state,
            int waiting,
            int running,
            long completed,
            long units,
            long reusedTokens,
            long failed,
            long rejected,
            long late,
            long cancelled,
            ServingStats.Distribution latencyNanos,
            ServingStats.Distribution queueNanos,
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
         * @param reusedTokens the tokens that were known
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
        public OfAdapter {
            Objects.requireNonNull(state, "state must not be null");
            Objects.requireNonNull(latencyNanos, "latencyNanos must not be null");
            Objects.requireNonNull(queueNanos, "queueNanos must not be null");
        }
    }
}
