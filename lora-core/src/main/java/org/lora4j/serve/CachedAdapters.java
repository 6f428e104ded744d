package org.lora4j.serve;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
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

    boolean isInModel(String name) {
        return model.names().contains(name);
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
            entry.pins++;
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

    /** Pins an adapter once more. Returns null if the cache has not loaded it and is not about to. */
    @Nullable
    CachedAdapter pinLoaded(String name) {
        synchronized (lock) {
            CachedAdapter entry = current(name);
            if (entry != null) {
                entry.pins++;
            }
            return entry;
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
     */
    void loaded(String name, CachedAdapter entry, @Nullable ManagedAdapter adapter, long nanos) {
        synchronized (lock) {
            failures.remove(name);
            if (adapter == null) {
                forget(name, entry);
                return;
            }
            count(entry, adapter);
            figures.of(name).loaded();
            loads++;
            loadNanos += nanos;
        }
        listener.inform(events -> events.onLoad(name, adapter.residentBytes(), nanos));
    }

    /** Notes that an adapter could not be loaded. */
    void failed(String name, CachedAdapter entry, Throwable cause) {
        synchronized (lock) {
            forget(name, entry);
            failures.add(name, cause);
            failedLoads++;
            (cause instanceof UnknownAdapterException ? figures.existing(name) : figures.of(name)).failed(cause);
        }
        listener.inform(events -> events.onFailedLoad(name, cause));
    }

    /** Notes that an adapter could not be loaded again, and stays as it is. */
    void notRefreshed(String name, Throwable cause) {
        synchronized (lock) {
            failures.add(name, cause);
            failedLoads++;
            figures.of(name).failed(cause);
        }
        listener.inform(events -> events.onFailedLoad(name, cause));
    }

    /** Lets an adapter that could not be loaded be tried at once. */
    void forgetFailure(String name) {
        synchronized (lock) {
            failures.remove(name);
        }
    }

    /** Replaces a loaded adapter. Returns false if it is no longer one of the cache. */
    boolean replace(String name, CachedAdapter entry, AdapterSource.Loaded read) {
        synchronized (lock) {
            if (current(name) != entry || entry.adapter == null) {
                return false;
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

    /** Deletes an adapter from the model. Returns false if it is not one of the cache. */
    boolean delete(String name) {
        synchronized (lock) {
            CachedAdapter entry = current(name);
            if (entry == null || entry.adapter == null) {
                return false;
            }
            boolean isDeleted = entry.adapter.deleteIfUnused();
            forget(name, entry);
            return isDeleted;
        }
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
            entry.pins--;
            isTooMuch = entry.pins == 0 && limits.areExceeded(adapters, bytes);
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
                if (entry.pins == 0 && entry.adapter != null && !limits.keeps(next.getKey())) {
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
            return new AdapterCache.Stats(
                    hits, loads, failedLoads, loadNanos, evictions, adapters, entries.size() - adapters, bytes);
        }
    }
}
