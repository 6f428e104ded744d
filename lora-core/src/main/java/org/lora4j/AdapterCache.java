package org.lora4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.Names;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.PeftAdapters;
import org.lora4j.io.ReadLimits;

/**
 * Loads the adapters of a {@link LoRAModel} from a folder when they are needed, and deletes those from the model that were
 * not used for the longest time, so that their arrays take a limited number of bytes.
 *
 * <pre>{@code
 * AdapterCache cache = AdapterCache.builder(model, Path.of("adapters")).maxBytes(512L << 20).build();
 * try (AdapterCache.Pin pin = cache.pin("customer-a")) {      // loads adapters/customer-a if it is not in the model
 *     INDArray y = model.using("customer-a").predict(x);
 * }
 * }</pre>
 *
 * <p>The adapter of the name {@code n} is in the sub-folder {@code n}, as {@link PeftAdapters} and Python's PEFT write it;
 * {@link AdapterSource} reads adapters from elsewhere. An adapter in use is pinned and stays in the model, so the adapters
 * in use can take more than the limit. A {@link BatchingPredictor} with a cache pins the adapter of each call. Loaded adapters
 * are frozen, and do not become active.
 *
 * <p>Several threads that need the same adapter load it once. If that fails, their calls fail; the next one tries again.
 *
 * <p><b>What the cache deletes.</b> Only what it loaded itself. Adapters that the program added are found, and are neither
 * counted nor deleted. An adapter of the cache becomes one of the program when the program replaces, renames, activates or
 * trains it, or makes it trainable. If the program deletes an adapter, the next {@link #pin} loads it again from its folder.
 *
 * <p>ND4J frees the memory of a deleted adapter when the garbage collector finds its arrays.
 *
 * <p>Any number of threads can use a cache.
 */
public final class AdapterCache {
    private final LoRAModel model;
    private final AdapterSource source;
    private final long maxBytes;
    private final FingerprintCheck check;
    private final ReadLimits limits;
    private final SafeListener<AdapterCacheListener> listener;

    private final Object lock = new Object();
    /** In the order of their last use. */
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    private long bytes;
    private long hits;
    private long loads;
    private long failedLoads;
    private long loadNanos;
    private long evictions;

    /** An adapter that is being loaded or is in the model. All fields but the future are guarded by the lock. */
    private static final class Entry {
        private final CompletableFuture<AppliedAdapter> loading = new CompletableFuture<>();
        private @Nullable AppliedAdapter adapter;
        private long bytes;
        private int pins;
    }

    /** Keeps an adapter in the model until it is closed; closing it again has no effect. */
    @FunctionalInterface
    public interface Pin extends AutoCloseable {
        @Override
        void close();
    }

    AdapterCache(AdapterCacheBuilder builder) {
        model = builder.model;
        source = builder.source;
        maxBytes = builder.maxBytes;
        check = builder.check;
        limits = builder.limits;
        listener = new SafeListener<>(builder.listener, "adapter cache");
    }

    /**
     * Starts to build a cache.
     *
     * @param model the model that gets the adapters
     * @param folder the folder in which each adapter has a sub-folder of its name
     * @return a builder with the defaults
     */
    public static AdapterCacheBuilder builder(LoRAModel model, Path folder) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        return new AdapterCacheBuilder(model, new FolderSource(folder));
    }

    /**
     * Starts to build a cache of adapters that are not in a folder.
     *
     * @param model the model that gets the adapters
     * @param source reads the adapters
     * @return a builder with the defaults
     */
    public static AdapterCacheBuilder builder(LoRAModel model, AdapterSource source) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(source, "source must not be null");
        return new AdapterCacheBuilder(model, source);
    }

    LoRAModel model() {
        return model;
    }

    /**
     * Returns whether the model has an adapter, so that {@link #pin} would not load it.
     *
     * @param name the name of an adapter
     * @return whether it is in the model
     */
    public boolean isLoaded(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return model.state().adapters().containsKey(name);
    }

    /**
     * Keeps an adapter in the model, and loads it first if it is not there. Blocks while it is loaded.
     *
     * @param name the name of an adapter
     * @return the pin; close it when the adapter is no longer in use
     * @throws IllegalArgumentException if the adapter is neither in the model nor in the folder, the name is refused, or the
     *     model refuses the adapter as {@link LoRAModel#add(String, LoRAAdapter)} does
     * @throws UncheckedIOException if the adapter cannot be read or is refused; see {@link PeftAdapters}
     */
    public Pin pin(String name) {
        Objects.requireNonNull(name, "name must not be null");
        Entry entry;
        boolean isNew;
        synchronized (lock) {
            entry = current(name);
            isNew = entry == null;
            if (entry == null) {
                if (isLoaded(name)) {
                    hits++;
                    return () -> {};
                }
                entry = new Entry();
                entries.put(name, entry);
            } else if (entry.adapter != null) {
                hits++;
            }
            entry.pins++;
        }
        if (isNew) {
            load(name, entry);
        }
        await(name, entry);
        Entry pinned = entry;
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                unpin(pinned);
            }
        };
    }

    /** The entry of a name, unless its adapter is no longer in the model or now is one of the program. */
    private @Nullable Entry current(String name) {
        Entry entry = entries.get(name);
        if (entry == null || entry.adapter == null) {
            return entry;
        }
        if (model.state().adapters().get(name) == entry.adapter) {
            return entry;
        }
        entries.remove(name);
        bytes -= entry.bytes;
        return null;
    }

    private void load(String name, Entry entry) {
        long begin = System.nanoTime();
        AppliedAdapter adapter;
        try {
            adapter = model.registry().addInactive(name, read(name));
        } catch (IOException | RuntimeException | Error e) {
            synchronized (lock) {
                entries.remove(name, entry);
                failedLoads++;
            }
            listener.inform(events -> events.onFailedLoad(name, e));
            entry.loading.completeExceptionally(e);
            return;
        }
        long size = adapter.residentBytes();
        long nanos = System.nanoTime() - begin;
        synchronized (lock) {
            entry.adapter = adapter;
            entry.bytes = size;
            bytes += size;
            loads++;
            loadNanos += nanos;
        }
        listener.inform(events -> events.onLoad(name, size, nanos));
        entry.loading.complete(adapter);
        evict();
    }

    private LoRAAdapter read(String name) throws IOException {
        AdapterNames.requireNew(name, List.of());
        return source.load(name, model.network(), check, limits);
    }

    /** Waits until the adapter is in the model. Each call that fails gets an exception of its own. */
    private static void await(String name, Entry entry) {
        try {
            entry.loading.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            String message = "adapter " + Names.quote(name) + " could not be loaded: "
                    + (cause == null ? "" : cause.getMessage());
            if (cause instanceof IOException io) {
                throw new UncheckedIOException(message, io);
            }
            if (cause instanceof IllegalArgumentException) {
                throw new IllegalArgumentException(message, cause);
            }
            throw new IllegalStateException(message, cause);
        }
    }

    private void unpin(Entry entry) {
        boolean isTooMuch;
        synchronized (lock) {
            entry.pins--;
            isTooMuch = entry.pins == 0 && bytes > maxBytes;
        }
        if (isTooMuch) {
            evict();
        }
    }

    private void evict() {
        Map<String, Long> evicted = new LinkedHashMap<>();
        synchronized (lock) {
            Iterator<Map.Entry<String, Entry>> oldest = entries.entrySet().iterator();
            while (bytes > maxBytes && oldest.hasNext()) {
                Map.Entry<String, Entry> next = oldest.next();
                String name = next.getKey();
                Entry entry = next.getValue();
                if (entry.pins == 0 && entry.adapter != null) {
                    if (model.registry().deleteUnused(name, entry.adapter)) {
                        evictions++;
                        evicted.put(name, entry.bytes);
                    }
                    bytes -= entry.bytes;
                    oldest.remove();
                }
            }
        }
        evicted.forEach((name, size) -> listener.inform(events -> events.onEviction(name, size)));
    }

    /**
     * Loads an adapter again if the cache has loaded it, for example after a training saved another one in its folder. A
     * prediction that runs uses the old one to its end, a later one the new one.
     *
     * @param name the name of an adapter
     * @return whether it was loaded again; false if the cache has not loaded it, so that the next use loads the new one
     * @throws IllegalArgumentException as {@link #pin}; the old adapter is still there then
     * @throws UncheckedIOException as {@link #pin}; the old adapter is still there then
     */
    public boolean refresh(String name) {
        Objects.requireNonNull(name, "name must not be null");
        Entry entry;
        synchronized (lock) {
            entry = current(name);
            if (entry == null) {
                return false;
            }
            entry.pins++;
        }
        try {
            await(name, entry);
            LoRAAdapter data = read(name);
            synchronized (lock) {
                if (current(name) != entry) {
                    return false;
                }
                AppliedAdapter adapter = model.registry().replace(name, data);
                entry.adapter = adapter;
                bytes += adapter.residentBytes() - entry.bytes;
                entry.bytes = adapter.residentBytes();
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("adapter " + Names.quote(name) + " could not be loaded again", e);
        } finally {
            unpin(entry);
            evict();
        }
    }

    /**
     * Returns what happened so far.
     *
     * @return counts, and what is loaded now
     */
    public AdapterCacheStats stats() {
        synchronized (lock) {
            int loaded = (int) entries.values().stream()
                    .filter(entry -> entry.adapter != null)
                    .count();
            return new AdapterCacheStats(hits, loads, failedLoads, loadNanos, evictions, loaded, bytes);
        }
    }
}
