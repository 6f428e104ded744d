package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * Something for each of the first names, and one for all others, so that clients that make up names take no memory. Thread-safe.
 *
 * @param <T> what there is for a name
 */
final class BoundedNames<T> {
    private final int most;
    private final Supplier<T> creator;
    private final Map<String, T> byName = new ConcurrentHashMap<>();
    private final T others;

    BoundedNames(int most, Supplier<T> creator) {
        this.most = most;
        this.creator = creator;
        others = creator.get();
    }

    /** What there is for a name, which gets an entry of its own if there is a place. */
    T of(String name) {
        T own = byName.get(name);
        if (own != null) {
            return own;
        }
        synchronized (this) {
            return byName.size() < most ? byName.computeIfAbsent(name, key -> creator.get()) : existing(name);
        }
    }

    /** What there is for a name, which gets no entry. */
    T existing(String name) {
        return byName.getOrDefault(name, others);
    }

    /** The name of the entry of a name. */
    String label(String name) {
        return byName.containsKey(name) ? name : ServingStats.OTHERS;
    }

    /** All entries, and that of the others. */
    Map<String, T> all() {
        Map<String, T> all = new LinkedHashMap<>(byName);
        all.put(ServingStats.OTHERS, others);
        return all;
    }

    void forEach(BiConsumer<String, T> action) {
        all().forEach(action);
    }
}
