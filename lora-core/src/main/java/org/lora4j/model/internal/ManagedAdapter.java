package org.lora4j.model.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;

/**
 * An adapter that a part of the program, such as a cache, added to a model and manages: it can replace and delete this adapter, and never
 * another one that has its name by now. It is current until somebody replaces, renames or deletes the adapter.
 *
 * <p>Immutable. Any number of threads can use it at the same time.
 */
public final class ManagedAdapter {
    private final AdapterRegistry registry;
    private final String name;
    private final AppliedAdapter adapter;
    private final long residentBytes;

    ManagedAdapter(AdapterRegistry registry, String name, AppliedAdapter adapter) {
        this.registry = registry;
        this.name = name;
        this.adapter = adapter;
        residentBytes = adapter.residentBytes();
        // Here, because the first request with the adapter would wait for it.
        adapter.fingerprint();
    }

    /** How many bytes the arrays of the adapter take. */
    public long residentBytes() {
        return residentBytes;
    }

    /** Whether the model has this adapter under its name. */
    public boolean isCurrent() {
        return registry.state().adapters().find(name) == adapter;
    }

    /**
     * Replaces this adapter by other data, if it is current.
     *
     * @param data the data
     * @param of the network that they are for, as in {@link AdapterRegistry#addManaged}
     * @return the new adapter, which is managed in place of this one, or null if this one is not current
     * @throws IllegalArgumentException if the data do not fit; nothing changes then
     */
    public @Nullable ManagedAdapter replace(LoRAAdapter data, Network of) {
        AppliedAdapter replacement = registry.replace(name, adapter, data, of);
        return replacement == null ? null : new ManagedAdapter(registry, name, replacement);
    }

    /** Deletes this adapter if it is current, not active and not trainable. Returns whether it was deleted. */
    public boolean deleteIfUnused() {
        return registry.deleteUnused(name, adapter);
    }

    @Override
    public String toString() {
        return "ManagedAdapter[" + name + "]";
    }
}
