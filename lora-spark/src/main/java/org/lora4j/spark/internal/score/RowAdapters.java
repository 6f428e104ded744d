package org.lora4j.spark.internal.score;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.AdapterCache;
import org.lora4j.spark.internal.base.InvalidRowException;

/** Loads the adapters that the rows of a partition name. One that cannot be loaded is not tried again. */
final class RowAdapters {
    private final @Nullable AdapterCache cache;
    private final Map<String, String> failures = new HashMap<>();

    /**
     * Creates a loader.
     *
     * @param cache null if all rows have the same adapter
     */
    RowAdapters(@Nullable AdapterCache cache) {
        this.cache = cache;
    }

    /**
     * Loads an adapter, and keeps it until the result is closed.
     *
     * @throws InvalidRowException if it cannot be loaded
     */
    AdapterCache.Pin pin(String name) {
        if (cache == null || name.equals(LoRAModel.BASE)) {
            return () -> {};
        }
        String failure = failures.get(name);
        if (failure != null) {
            throw new InvalidRowException(failure);
        }
        try {
            return cache.pin(name);
        } catch (RuntimeException e) {
            String reason = "adapterCol: the adapter of each row must be in adapterFolder, found: " + e.getMessage();
            failures.put(name, reason);
            throw new InvalidRowException(reason, e);
        }
    }
}
