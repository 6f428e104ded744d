package org.lora4j.serve;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.ManagedAdapter;
import org.lora4j.adapter.LoRAAdapter;

/**
 * Which adapters an {@link AdapterCache} has in the model, which of them are pinned, and which was not used for the longest time.
 * It counts what happens and informs the listener. Thread-safe.
 */
final class CachedAdapters {
    private final LoRAModel model;
    private final long maxBytes;
    private final SafeListener<AdapterCache.Listener> listener;

    private final Object lock = new Object();
    /** In the order of their last use. */
    private final Map<String, CachedAdapter> entries = new LinkedHashMap<>(16, 0.75f, true);

    private long bytes;
    private long hits;
    private long loads;
    private long failedLoads;
    private long loadNanos;
    private long evictions;

    CachedAdapters(LoRAModel model, long maxBytes, AdapterCache.Listener listener) {
        this.model = model;
        this.maxBytes = maxBytes;
        this.listener = new SafeListener<>(listener, "adapter cache");
    }

    boolean isInModel(String name) {
        return model.names().contains(name);
    }

    /**
     * Pins an adapter once more, and notes its use.
     *
     * @return its entry, new if it must be loaded; or null if the adapter is one of the program
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
            if (adapter == null) {
                forget(name, entry);
                return;
            }
            entry.adapter = adapter;
            bytes += entry.bytes();
            loads++;
            loadNanos += nanos;
        }
        listener.inform(events -> events.onLoad(name, adapter.residentBytes(), nanos));
    }

    /** Notes that an adapter could not be loaded. */
    void failed(String name, CachedAdapter entry, Throwable cause) {
        synchronized (lock) {
            forget(name, entry);
            failedLoads++;
        }
        listener.inform(events -> events.onFailedLoad(name, cause));
    }

    /** Replaces a loaded adapter. Returns false if it is no longer one of the cache. */
    boolean replace(String name, CachedAdapter entry, LoRAAdapter data) {
        synchronized (lock) {
            if (current(name) != entry || entry.adapter == null) {
                return false;
            }
            ManagedAdapter replacement = entry.adapter.replace(data);
            if (replacement == null) {
                forget(name, entry);
                return false;
            }
            bytes -= entry.bytes();
            entry.adapter = replacement;
            bytes += entry.bytes();
            return true;
        }
    }

    /** Takes back a pin. */
    void unpin(CachedAdapter entry) {
        boolean isTooMuch;
        synchronized (lock) {
            entry.pins--;
            isTooMuch = entry.pins == 0 && bytes > maxBytes;
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
            while (bytes > maxBytes && oldest.hasNext()) {
                Map.Entry<String, CachedAdapter> next = oldest.next();
                CachedAdapter entry = next.getValue();
                if (entry.pins == 0 && entry.adapter != null) {
                    if (entry.adapter.deleteIfUnused()) {
                        evictions++;
                        evicted.put(next.getKey(), entry.bytes());
                    }
                    bytes -= entry.bytes();
                    oldest.remove();
                }
            }
        }
        evicted.forEach((name, size) -> listener.inform(events -> events.onEviction(name, size)));
    }

    AdapterCache.Stats stats() {
        synchronized (lock) {
            int loaded = (int) entries.values().stream()
                    .filter(entry -> entry.adapter != null)
                    .count();
            return new AdapterCache.Stats(hits, loads, failedLoads, loadNanos, evictions, loaded, bytes);
        }
    }
}
