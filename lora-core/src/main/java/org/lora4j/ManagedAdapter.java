package org.lora4j;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.model.internal.AdapterRegistry;
import org.lora4j.model.internal.AppliedAdapter;

/**
 * An adapter that a part of the program, such as a cache, added to a {@link LoRAModel} and manages: it can replace and delete
 * this adapter, and never another one that has its name by now.
 *
 * <pre>{@code
 * ManagedAdapter managed = model.addManaged("customer-a", adapter);     // null if there is one of this name
 * boolean deleted = managed.deleteIfUnused();                           // later
 * }</pre>
 *
 * <p>It is current until somebody replaces, renames or deletes the adapter.
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
    }

    /**
     * Returns how many bytes the arrays of the adapter take; see {@link AdapterView#residentBytes}.
     *
     * @return the number of bytes
     */
    public long residentBytes() {
        return residentBytes;
    }

    /**
     * Returns whether the model has this adapter under its name.
     *
     * @return false from when it was replaced, renamed or deleted
     */
    public boolean isCurrent() {
        return registry.state().adapters().find(name) == adapter;
    }

    /**
     * Replaces this adapter by other data, as {@link LoRAModel#replace}, if it is current.
     *
     * @param data the data
     * @return the new adapter, which is managed in place of this one, or null if this one is not current
     * @throws IllegalArgumentException as {@link LoRAModel#replace}; nothing changes then
     */
    public @Nullable ManagedAdapter replace(LoRAAdapter data) {
        Objects.requireNonNull(data, "data must not be null");
        AppliedAdapter replacement = registry.replace(name, adapter, data);
        return replacement == null ? null : new ManagedAdapter(registry, name, replacement);
    }

    /**
     * Deletes this adapter if it is current, not active and not trainable.
     *
     * @return whether it was deleted
     */
    public boolean deleteIfUnused() {
        return registry.deleteUnused(name, adapter);
    }

    @Override
    public String toString() {
        return "ManagedAdapter[" + name + "]";
    }
}
