package org.lora4j.serve;

import java.util.Objects;
import org.lora4j.LoRAModel;
import org.lora4j.io.ReadOptions;

/** Builds an {@link AdapterCache}. */
public final class AdapterCacheBuilder {
    private static final long DEFAULT_BYTES = 256L << 20;

    final LoRAModel model;
    final AdapterSource source;
    long maxBytes = DEFAULT_BYTES;
    ReadOptions options = ReadOptions.defaults();
    AdapterCacheListener listener = new AdapterCacheListener() {};

    AdapterCacheBuilder(LoRAModel model, AdapterSource source) {
        this.model = model;
        this.source = source;
    }

    /**
     * Sets how many bytes the arrays of the loaded adapters take at most, apart from those that are pinned.
     *
     * @param most the number of bytes, not negative; 256 MiB by default
     * @return this builder
     * @throws IllegalArgumentException if the number is negative
     */
    public AdapterCacheBuilder maxBytes(long most) {
        if (most < 0) {
            throw new IllegalArgumentException("maxBytes must not be negative, found " + most);
        }
        maxBytes = most;
        return this;
    }

    /**
     * Sets what to do if an adapter was saved with another base, and how much is read of an adapter.
     *
     * @param reading the options; {@link ReadOptions#defaults} by default
     * @return this builder
     */
    public AdapterCacheBuilder readOptions(ReadOptions reading) {
        options = Objects.requireNonNull(reading, "reading must not be null");
        return this;
    }

    /**
     * Sets the listener.
     *
     * @param events receives the events
     * @return this builder
     */
    public AdapterCacheBuilder listener(AdapterCacheListener events) {
        listener = Objects.requireNonNull(events, "events must not be null");
        return this;
    }

    /**
     * Creates the cache. It reads nothing yet.
     *
     * @return an empty cache
     */
    public AdapterCache build() {
        return new AdapterCache(this);
    }
}
