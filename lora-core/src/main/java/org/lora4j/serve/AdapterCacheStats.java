package org.lora4j.serve;

/**
 * What an {@link AdapterCache} did so far. Immutable.
 *
 * @param hits how often a needed adapter was in the model
 * @param loads how often an adapter was loaded
 * @param failedLoads how often an adapter could not be loaded
 * @param loadNanos the time of all loads together, in nanoseconds
 * @param evictions how many adapters were deleted from the model to keep the limit
 * @param adapters how many adapters of the cache are in the model now
 * @param bytes how many bytes their arrays take now
 */
public record AdapterCacheStats(
        long hits, long loads, long failedLoads, long loadNanos, long evictions, int adapters, long bytes) {}
