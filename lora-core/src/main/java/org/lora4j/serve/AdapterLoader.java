package org.lora4j.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.LoRAModel;
import org.lora4j.ManagedAdapter;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.Names;
import org.lora4j.io.ReadOptions;

/** Loads adapters from a source into a model, each in a thread of its own. Thread-safe. */
final class AdapterLoader {
    private final LoRAModel model;
    private final AdapterSource source;
    private final ReadOptions options;
    private final CachedAdapters cached;

    /** What each thread loads now. */
    private final Map<Thread, CachedAdapter> loaders = new ConcurrentHashMap<>();

    AdapterLoader(LoRAModel model, AdapterSource source, ReadOptions options, CachedAdapters cached) {
        this.model = model;
        this.source = source;
        this.options = options;
        this.cached = cached;
    }

    /** Starts to load an adapter. */
    void start(String name, CachedAdapter entry) {
        try {
            Thread thread = new Thread(() -> load(name, entry), "lora4j-load-" + name);
            thread.setDaemon(true);
            thread.start();
        } catch (RuntimeException | Error e) {
            cached.failed(name, entry, e);
            entry.loading.completeExceptionally(e);
        }
    }

    private void load(String name, CachedAdapter entry) {
        Throwable failure = null;
        loaders.put(Thread.currentThread(), entry);
        try {
            long begin = System.nanoTime();
            ManagedAdapter adapter = model.addManaged(name, read(name));
            cached.loaded(name, entry, adapter, System.nanoTime() - begin);
            cached.evict();
        } catch (Throwable e) {
            // A source in another language can throw anything, and the calls must not wait for ever.
            cached.failed(name, entry, e);
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

    /** Reads an adapter from the source. */
    LoRAAdapter read(String name) throws IOException {
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
    void await(String name, CachedAdapter entry) {
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

    /** The exception of a call whose adapter could not be loaded. */
    static RuntimeException failed(String name, Throwable cause) {
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
}
