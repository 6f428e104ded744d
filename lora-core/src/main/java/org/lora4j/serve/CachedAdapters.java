package org.lora4j.serve;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.model.internal.ManagedAdapter;

/**
 * Which adapters an {@link AdapterCache} has in the model, which of them are pinned, and which was not used for the longest time.
 * It counts what happens and informs the listener. Thread-safe.
 */
final class CachedAdapters {
    private static final int MOST_FIGURES = 10_000;

    private final LoRAModel model;
    private final CacheLimits limits;
    private final SafeListener<AdapterCache.Listener> listener;

    private final Object lock = new Object();
    /** In the order of their last use. */
    private final Map<String, CachedAdapter> entries = new LinkedHashMap<>(16, 0.75f, true);

    /** Those that are to be deleted, or replaced by a load, but are pinned: whoever was promised one must find it in the model. */
    private final Map<String, CachedAdapter> outgoing = new HashMap<>();

    private final FailedLoads failures;
    private final BoundedNames<LoadRecorder> figures = new BoundedNames<>(MOST_FIGURES, LoadRecorder::new);

    /** What is loaded, and how many bytes that takes. */
    private int adapters;

    private long bytes;
    private long hits;
    private long loads;
    private long failedLoads;
    private long loadNanos;
    private long evictions;

    CachedAdapters(LoRAModel model, CacheLimits limits, FailedLoads failures, AdapterCache.Listener listener) {
        this.model = model;
        this.limits = limits;
        this.failures = failures;
        this.listener = new SafeListener<>(listener, "adapter cache");
    }

    /** Whether the model has an adapter that is not to be deleted. */
    boolean isInModel(String name) {
        synchronized (lock) {
            CachedAdapter old = outgoing.get(name);
            boolean isOutgoing = old != null && old.adapter != null && old.adapter.isCurrent();
            return !isOutgoing && model.names().contains(name);
        }
    }

    /** What a load replaces; null if there is nothing to replace. */
    @Nullable
    ManagedAdapter outgoing(String name) {
        synchronized (lock) {
            CachedAdapter old = outgoing.get(name);
            return old == null ? null : old.adapter;
        }
    }

    /**
     * Pins an adapter once more, and notes its use.
     *
     * @return its entry, new if it must be loaded; or null if the adapter is one of the program
     * @throws RuntimeException the last failure of its load, if it is too early for another try
     */
    @Nullable
    CachedAdapter enter(String name) {
        synchronized (lock) {
            CachedAdapter entry = current(name);
            if (entry == null) {
                if (isInModel(name)) {
                    hits++;
                    return null;
                }
                Throwable failure = failures.tooEarly(name);
                if (failure != null) {
                    throw AdapterLoader.failed(name, failure);
                }
                entry = new CachedAdapter();
                entries.put(name, entry);
            } else if (entry.adapter != null) {
                hits++;
            }
            entry.pins.count++;
            return entry;
        }
    }

    /** Whether the caller is to load the adapter, because nobody else has begun. */
    boolean startsLoad(CachedAdapter entry) {
        synchronized (lock) {
            boolean isFirst = !entry.started;
            entry.started = true;
            return isFirst;
        }
    }

    /** Pins an adapter that has changed once more. Returns null if the cache has not loaded it and is not about to. */
    @Nullable
    CachedAdapter pinChanged(String name) {
        synchronized (lock) {
            failures.remove(name);
            CachedAdapter entry = current(name);
            if (entry != null) {
                entry.pins.count++;
                entry.changes++;
            }
            return entry;
        }
    }

    /** How often an adapter has changed so far. Ask before it is read. */
    int changes(CachedAdapter entry) {
        synchronized (lock) {
            return entry.changes;
        }
    }

    /** The entry of a name, unless its adapter is no longer in the model or now is one of the program. */
    private @Nullable CachedAdapter current(String name) {
        CachedAdapter entry = entries.get(name);
        if (entry == null || entry.adapter == null || entry.adapter.isCurrent()) {
            return entry;
        }
        forget(name, entry);
        return null;
    }

    private void forget(String name, CachedAdapter entry) {
        if (entries.remove(name, entry)) {
            uncount(entry);
        }
    }

    private void count(CachedAdapter entry, ManagedAdapter adapter) {
        entry.adapter = adapter;
        adapters++;
        bytes += entry.bytes();
    }

    private void uncount(CachedAdapter entry) {
        if (entry.adapter != null) {
            adapters--;
            bytes -= entry.bytes();
        }
    }

    /**
     * Notes that an adapter was loaded.
     *
     * @param adapter the adapter, or null if the program was faster, so that its own adapter is the one of this name
     * @param changes how often it had changed before it was read
     * @return false if it has changed since then, so that it must be read again
     */
    boolean loaded(String name, CachedAdapter entry, @Nullable ManagedAdapter adapter, int changes, long nanos) {
        synchronized (lock) {
            if (entry.changes != changes && isTakenBack(name, adapter)) {
                return false;
            }
            failures.remove(name);
            CachedAdapter old = outgoing.remove(name);
            if (old != null) {
                uncount(old);
                old.pins.count += entry.pins.count;
                entry.pins = old.pins;
            }
            if (adapter == null) {
                forget(name, entry);
                return true;
            }
            count(entry, adapter);
            figures.of(name).loaded();
            loads++;
            loadNanos += nanos;
        }
        listener.inform(events -> events.onLoad(name, adapter.residentBytes(), nanos));
        return true;
    }

    /** Deletes an adapter that was just loaded, unless somebody needs any one of its name. Returns false if it is one of the program by now. */
    private boolean isTakenBack(String name, @Nullable ManagedAdapter adapter) {
        CachedAdapter old = outgoing.get(name);
        if (adapter != null && old != null) {
            uncount(old);
            count(old, adapter);
            return true;
        }
        return adapter == null || adapter.deleteIfUnused();
    }

    /**
     * Notes that an adapter could not be loaded.
     *
     * @param changes how often it had changed before it was read
     * @return false if it has changed since then, so that it must be read again
     */
    boolean failed(String name, CachedAdapter entry, Throwable cause, int changes) {
        synchronized (lock) {
            if (entry.changes != changes) {
                return false;
            }
            forget(name, entry);
            failures.add(name, cause);
            failedLoads++;
            (cause instanceof UnknownAdapterException ? figures.existing(name) : figures.of(name)).failed(cause);
        }
        listener.inform(events -> events.onFailedLoad(name, cause));
        return true;
    }

    /**
     * Notes that an adapter could not be loaded again, and stays as it is. That it could not says nothing if it has changed or was deleted
     * since it was read.
     *
     * @param changes how often it had changed before it was read
     */
    void notRefreshed(String name, CachedAdapter entry, Throwable cause, int changes) {
        synchronized (lock) {
            if (entries.get(name) != entry || entry.changes != changes) {
                return;
            }
            failures.add(name, cause);
            failedLoads++;
            figures.of(name).failed(cause);
        }
        listener.inform(events -> events.onFailedLoad(name, cause));
    }

    /**
     * Replaces a loaded adapter, unless it has changed again since it was read: then whoever was told that replaces it.
     *
     * @param changes how often it had changed before it was read
     * @return false if it is no longer one of the cache
     */
    boolean replace(String name, CachedAdapter entry, AdapterSource.Loaded read, int changes) {
        synchronized (lock) {
            if (current(name) != entry || entry.adapter == null) {
                return false;
            }
            if (entry.changes != changes) {
                return true;
            }
            ManagedAdapter replacement = entry.adapter.replace(read.adapter(), read.network());
            if (replacement == null) {
                forget(name, entry);
                return false;
            }
            uncount(entry);
            count(entry, replacement);
            failures.remove(name);
            return true;
        }
    }

    /**
     * Deletes an adapter from the model, as soon as it is not pinned. One that is being loaded is read again. Returns false if it is not one
     * of the cache.
     */
    boolean delete(String name) {
        synchronized (lock) {
            failures.remove(name);
            CachedAdapter entry = current(name);
            if (entry == null) {
                return false;
            }
            if (entry.adapter == null) {
                entry.changes++;
                return false;
            }
            entries.remove(name);
            outgoing.put(name, entry);
            return entry.pins.count > 0 || isDeleted(entry);
        }
    }

    /** Deletes an outgoing adapter that nobody needs. Returns false if it is no longer one of the cache. */
    private boolean isDeleted(CachedAdapter entry) {
        outgoing.values().remove(entry);
        uncount(entry);
        return entry.adapter != null && entry.adapter.deleteIfUnused();
    }

    Set<String> loadedNames() {
        synchronized (lock) {
            Set<String> names = new HashSet<>();
            entries.forEach((name, entry) -> {
                if (entry.adapter != null && entry.adapter.isCurrent()) {
                    names.add(name);
                }
            });
            return names;
        }
    }

    /** Takes back a pin. */
    void unpin(CachedAdapter entry) {
        boolean isTooMuch;
        synchronized (lock) {
            entry.pins.count--;
            if (entry.pins.count == 0) {
                List.copyOf(outgoing.values()).stream()
                        .filter(old -> old.pins == entry.pins)
                        .forEach(this::isDeleted);
            }
            isTooMuch = entry.pins.count == 0 && limits.areExceeded(adapters, bytes);
        }
        if (isTooMuch) {
            evict();
        }
    }

    /** Deletes adapters from the model until the others keep the limit. */
    void evict() {
        Map<String, Long> evicted = new LinkedHashMap<>();
        synchronized (lock) {
            Iterator<Map.Entry<String, CachedAdapter>> oldest =
                    entries.entrySet().iterator();
            while (limits.areExceeded(adapters, bytes) && oldest.hasNext()) {
                Map.Entry<String, CachedAdapter> next = oldest.next();
                CachedAdapter entry = next.getValue();
                if (entry.pins.count == 0 && entry.adapter != null && !limits.keeps(next.getKey())) {
                    if (entry.adapter.deleteIfUnused()) {
                        evictions++;
                        figures.of(next.getKey()).evicted();
                        evicted.put(next.getKey(), entry.bytes());
                    }
                    uncount(entry);
                    oldest.remove();
                }
            }
        }
        evicted.forEach((name, size) -> listener.inform(events -> events.onEviction(name, size)));
    }

    boolean isLoading(String name) {
        synchronized (lock) {
            CachedAdapter entry = entries.get(name);
            return entry != null && entry.adapter == null;
        }
    }

    Map<String, ServingStats.OfAdapter.Failure> failures() {
        synchronized (lock) {
            return failures.all();
        }
    }

    /** What happened to each adapter, for a bounded number of names. */
    Map<String, LoadFigures> figures() {
        Map<String, LoadFigures> all = new HashMap<>();
        figures.forEach((name, recorder) -> all.put(name, recorder.figures()));
        return all;
    }

    AdapterCache.Stats stats() {
        synchronized (lock) {
            int loading = (int) entries.values().stream()
                    .filter(entry -> entry.adapter == null)
                    .count();
            return new AdapterCache.Stats(hits, loads, failedLoads, loadNanos, evictions, adapters, loading, bytes);
        }
    }
}
