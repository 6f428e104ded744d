package org.lora4j.serve;

import java.util.Map;
import java.util.Objects;

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
        AdapterStats all,
        Map<String, AdapterStats> adapters,
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
    public AdapterStats adapter(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return adapters.getOrDefault(name, adapters.getOrDefault(OTHERS, all));
    }
}
