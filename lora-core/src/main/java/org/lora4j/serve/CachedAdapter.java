package org.lora4j.serve;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.lora4j.model.internal.ManagedAdapter;

/** An adapter that is being loaded, or that was loaded into the model. {@link CachedAdapters} guards all but the future. */
final class CachedAdapter {
    /** Completed when the adapter is in the model, or could not be loaded. */
    final CompletableFuture<Void> loading = new CompletableFuture<>();

    /** The adapter in the model, or null while it is being loaded. */
    @Nullable
    ManagedAdapter adapter;

    /** Shared with the one that it replaced while that was pinned. */
    Pins pins = new Pins();

    /** Whether somebody has begun to load it. */
    boolean started;

    /** How often its source changed since this entry is there, as far as the cache was told. What was read before a change is not kept. */
    int changes;

    /** Counts who needs the adapter of a name in the model. */
    static final class Pins {
        int count;
    }

    long bytes() {
        return adapter == null ? 0 : adapter.residentBytes();
    }
}
