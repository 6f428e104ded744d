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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.Names;
import org.lora4j.io.PeftAdapters;
import org.lora4j.io.ReadOptions;

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
 * <p>Several threads that need the same adapter load it once. If that fails, their calls fail; the next one tries again. A load
 * runs in a thread of its own, so an interrupt of a thread that waits for it does not end it.
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
    private final ReadOptions options;
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

    /** What each thread loads now. */
    private final Map<Thread, Entry> loaders = new ConcurrentHashMap<>();

    /** An adapter that is being loaded or is in the model. All fields but the future are guarded by the lock. */
    private static final class Entry {
        private final CompletableFuture<Void> loading = new CompletableFuture<>();
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
        options = builder.options;
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
        return model.state().adapters().find(name) != null;
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
        Entry entry = enter(name);
        if (entry == null) {
            return () -> {};
        }
        await(name, entry);
        return pinOf(entry);
    }

    /**
     * Keeps an adapter in the model, as {@link #pin} does, without blocking.
     *
     * @return the pin, or the exception of {@link #pin}. If the adapter must be loaded first, the thread that loads completes it
     */
    CompletableFuture<Pin> pinLater(String name) {
        Entry entry = enter(name);
        if (entry == null) {
            return CompletableFuture.completedFuture(() -> {});
        }
        return entry.loading.handle((nothing, failure) -> {
            if (failure != null) {
                throw failed(name, failure);
            }
            return pinOf(entry);
        });
    }

    /** Returns the entry of an adapter, pinned once more, or null if the adapter is one of the program. Starts its load. */
    private @Nullable Entry enter(String name) {
        Entry entry;
        boolean isNew;
        synchronized (lock) {
            entry = current(name);
            isNew = entry == null;
            if (entry == null) {
                if (isLoaded(name)) {
                    hits++;
                    return null;
                }
                entry = new Entry();
                entries.put(name, entry);
            } else if (entry.adapter != null) {
                hits++;
            }
            entry.pins++;
        }
        if (isNew) {
            startLoad(name, entry);
        }
        return entry;
    }

    private Pin pinOf(Entry entry) {
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                unpin(entry);
            }
        };
    }

    /** The entry of a name, unless its adapter is no longer in the model or now is one of the program. */
    private @Nullable Entry current(String name) {
        Entry entry = entries.get(name);
        if (entry == null || entry.adapter == null) {
            return entry;
        }
        if (model.state().adapters().find(name) == entry.adapter) {
            return entry;
        }
        entries.remove(name);
        bytes -= entry.bytes;
        return null;
    }

    private void startLoad(String name, Entry entry) {
        try {
            Thread thread = new Thread(() -> load(name, entry), "lora4j-load-" + name);
            thread.setDaemon(true);
            thread.start();
        } catch (RuntimeException | Error e) {
            fail(name, entry, e);
            entry.loading.completeExceptionally(e);
        }
    }

    private void load(String name, Entry entry) {
        Throwable failure = null;
        loaders.put(Thread.currentThread(), entry);
        try {
            loadIntoModel(name, entry);
            evict();
        } catch (Throwable e) {
            // A source in another language can throw anything, and the calls must not wait for ever.
            fail(name, entry, e);
            failure = e;
        } finally {
            loaders.remove(Thread.currentThread());
        }
        // Last, because this thread then runs whatever waits for the adapter.
        if (failure == null) {
            entry.loading.complete(null);
        } else {
            entry.loading.completeExceptionally(failure);
        }
    }

    private void loadIntoModel(String name, Entry entry) throws IOException {
        long begin = System.nanoTime();
        LoRAAdapter data = read(name);
        AppliedAdapter adapter = model.registry().addInactive(name, data);
        if (adapter == null) {
            // The program was faster. Its adapter is the one of this name.
            synchronized (lock) {
                entries.remove(name, entry);
            }
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
    }

    private void fail(String name, Entry entry, Throwable cause) {
        synchronized (lock) {
            entries.remove(name, entry);
            failedLoads++;
        }
        listener.inform(events -> events.onFailedLoad(name, cause));
    }

    private LoRAAdapter read(String name) throws IOException {
        AdapterNames.requireNew(name, List.of());
        LoRAAdapter data = source.load(name, model.network(), options);
        if (data == null) {
            throw new IllegalStateException(
                    "the source must return the adapter, or throw an exception if there is none, found null from "
                            + source);
        }
        return data;
    }

    /** Whether this thread runs the source or the listener in a load, which calls of this adapter wait for. */
    boolean isLoadedByThisThread() {
        return loaders.containsKey(Thread.currentThread());
    }

    /** Waits until the adapter is in the model. Each call that fails gets an exception of its own. */
    private void await(String name, Entry entry) {
        if (loaders.get(Thread.currentThread()) == entry) {
            throw new IllegalStateException("adapter " + Names.quote(name)
                    + ": its source and its listener must not use it while it is being loaded");
        }
        try {
            entry.loading.join();
        } catch (CompletionException e) {
            throw failed(name, e.getCause() == null ? e : e.getCause());
        }
    }

    private static RuntimeException failed(String name, Throwable cause) {
        String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        String message = "adapter " + Names.quote(name) + " could not be loaded: " + reason;
        if (cause instanceof IOException io) {
            return new UncheckedIOException(message, io);
        }
        if (cause instanceof IllegalArgumentException) {
            return new IllegalArgumentException(message, cause);
        }
        return new IllegalStateException(message, cause);
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
