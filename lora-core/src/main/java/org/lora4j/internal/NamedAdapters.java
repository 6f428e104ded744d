package org.lora4j.internal;

import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of a host by name, in the order in which they were added. Every host refuses names with the same messages.
 *
 * <p>Immutable: a change returns another object. So a host can replace its state as a whole.
 *
 * @param <A> what the host keeps of an adapter
 */
@ForModules
public final class NamedAdapters<A> {
    private final Map<String, A> adapters;

    private NamedAdapters(Map<String, A> adapters) {
        this.adapters = Collections.unmodifiableMap(adapters);
    }

    /** Returns an object without adapters. */
    public static <A> NamedAdapters<A> none() {
        return new NamedAdapters<>(Map.of());
    }

    /** Returns the names, in a set that cannot be changed. */
    public Set<String> names() {
        return adapters.keySet();
    }

    /** Returns the adapters. */
    public Collection<A> values() {
        return adapters.values();
    }

    /** Returns an adapter, or null if there is none of this name. */
    public @Nullable A find(String name) {
        return adapters.get(name);
    }

    /**
     * Returns an adapter.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public A get(String name) {
        A adapter = adapters.get(Objects.requireNonNull(name, "name must not be null"));
        if (adapter == null) {
            throw new IllegalArgumentException("no adapter '" + name + "'; there are " + MessageText.brackets(names()));
        }
        return adapter;
    }

    /** Returns the name of an adapter, or null if it is not here. */
    public @Nullable String nameOf(A adapter) {
        for (Map.Entry<String, A> entry : adapters.entrySet()) {
            if (entry.getValue() == adapter) {
                return entry.getKey();
            }
        }
        return null;
    }

    /**
     * Checks the name of a new adapter.
     *
     * @throws IllegalArgumentException if the name is taken or refused; see {@link AdapterNames#requireNew}
     */
    public void requireNew(String name) {
        requireFree(name);
        AdapterNames.requireNew(name, names());
    }

    private void requireFree(String name) {
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException(
                    "an adapter '" + name + "' exists already; there are " + MessageText.brackets(names()));
        }
    }

    /**
     * Adds an adapter.
     *
     * @throws IllegalArgumentException as {@link #requireNew}
     */
    public NamedAdapters<A> add(String name, A adapter) {
        requireNew(name);
        return put(name, adapter);
    }

    /**
     * Replaces an adapter, which keeps its place.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public NamedAdapters<A> replace(String name, A adapter) {
        A unused = get(name);
        return put(name, adapter);
    }

    private NamedAdapters<A> put(String name, A adapter) {
        Map<String, A> changed = new LinkedHashMap<>(adapters);
        changed.put(name, adapter);
        return new NamedAdapters<>(changed);
    }

    /**
     * Renames an adapter, which keeps its place. The new name may differ from the old one only in case.
     *
     * @throws IllegalArgumentException if there is no such adapter, or the new name is taken or refused
     */
    public NamedAdapters<A> rename(String name, String newName) {
        A unused = get(name);
        requireFree(newName);
        Set<String> others = new LinkedHashSet<>(names());
        others.remove(name);
        AdapterNames.requireNew(newName, others);
        Map<String, A> changed = new LinkedHashMap<>();
        adapters.forEach((key, adapter) -> changed.put(key.equals(name) ? newName : key, adapter));
        return new NamedAdapters<>(changed);
    }

    /**
     * Deletes an adapter.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public NamedAdapters<A> delete(String name) {
        A unused = get(name);
        Map<String, A> changed = new LinkedHashMap<>(adapters);
        changed.remove(name);
        return new NamedAdapters<>(changed);
    }

    /**
     * Returns adapters that are applied together.
     *
     * @throws IllegalArgumentException if one does not exist or is named twice
     */
    public List<A> select(List<String> names) {
        if (new HashSet<>(names).size() != names.size()) {
            throw new IllegalArgumentException("each adapter must be named once, found " + names);
        }
        return names.stream().map(this::get).toList();
    }

    /**
     * Checks that of the adapters that are applied together at most one replaces arrays of a layer.
     *
     * @param path the layer
     * @param replaces whether an adapter does so
     * @throws IllegalArgumentException if several do
     */
    public void requireOneReplaces(List<String> names, String path, Predicate<A> replaces) {
        List<String> replacing =
                names.stream().filter(name -> replaces.test(get(name))).toList();
        if (replacing.size() > 1) {
            throw new IllegalArgumentException(path
                    + ": only one of the adapters that are applied together can have a bias, a whole layer or"
                    + " rows of tokens, found " + replacing);
        }
    }

    /** Creates an adapter. If it is refused, the message names it. */
    public static <T> T named(String name, Supplier<T> create) {
        try {
            return create.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("adapter '" + name + "': " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return names().toString();
    }
}
