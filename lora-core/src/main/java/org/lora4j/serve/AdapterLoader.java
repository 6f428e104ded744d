package org.lora4j.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.events.AdapterLoadEvent;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.io.ReadOptions;
import org.lora4j.model.internal.ManagedAdapter;

/** Loads adapters from a source into a model, a limited number at a time, in threads of its own. Thread-safe. */
final class AdapterLoader {
    /** A thread without work ends soon, so a cache that nobody uses has none. */
    private static final long IDLE_SECONDS = 2;

    private static final int MOST_READS = 50;

    private final LoRAModel model;
    private final AdapterSource source;
    private final ReadOptions options;
    private final CachedAdapters cached;

    /** What each thread loads now. */
    private final Map<Thread, CachedAdapter> loaders = new ConcurrentHashMap<>();

    private final ThreadPoolExecutor threads;
    private final AtomicLong threadNumbers = new AtomicLong();

    AdapterLoader(
            LoRAModel model, AdapterSource source, ReadOptions options, CachedAdapters cached, int maxConcurrentLoads) {
        this.model = model;
        this.source = source;
        this.options = options;
        this.cached = cached;
        threads = new ThreadPoolExecutor(
                maxConcurrentLoads,
                maxConcurrentLoads,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                this::newThread);
        threads.allowCoreThreadTimeOut(true);
    }

    private Thread newThread(Runnable task) {
        Thread thread = new Thread(task, "lora4j-load-" + threadNumbers.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /** Starts to load an adapter. */
    void start(String name, CachedAdapter entry) {
        try {
            threads.execute(() -> load(name, entry));
        } catch (RuntimeException | Error e) {
            fail(name, entry, e);
            entry.loading.completeExceptionally(e);
        }
    }

    private void load(String name, CachedAdapter entry) {
        Throwable failure;
        loaders.put(Thread.currentThread(), entry);
        try {
            failure = loadAsItIsNow(name, entry);
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

    /** Loads an adapter; again if it has changed meanwhile, whether that failed or not. Returns why it cannot be loaded; null if it is. */
    private @Nullable Throwable loadAsItIsNow(String name, CachedAdapter entry) {
        long begin = System.nanoTime();
        for (int i = 0; i < MOST_READS; i++) {
            int changes = cached.changes(entry);
            try {
                AdapterSource.Loaded read = read(name);
                ManagedAdapter adapter = put(name, read);
                if (cached.loaded(name, entry, adapter, changes, System.nanoTime() - begin)) {
                    cached.evict();
                    return null;
                }
            } catch (Throwable e) {
                // A source in another language can throw anything, and the calls must not wait for ever.
                if (cached.failed(name, entry, e, changes)) {
                    return e;
                }
            }
        }
        IOException unsteady = new IOException("the adapter must not be changed all the time while it is loaded, found"
                + " changes in each of " + MOST_READS + " attempts");
        fail(name, entry, unsteady);
        return unsteady;
    }

    /** Adds an adapter to the model, or replaces the one that is to be deleted. Returns null if there is one of the program. */
    private @Nullable ManagedAdapter put(String name, AdapterSource.Loaded read) {
        ManagedAdapter old = cached.outgoing(name);
        ManagedAdapter replacement = old == null ? null : old.replace(read.adapter(), read.network());
        return replacement == null ? model.addManaged(name, read.adapter(), read.network()) : replacement;
    }

    /** Notes that an adapter cannot be loaded, whether it has changed or not. */
    private void fail(String name, CachedAdapter entry, Throwable cause) {
        while (!cached.failed(name, entry, cause, cached.changes(entry))) {
            Thread.onSpinWait();
        }
    }

    /** Reads an adapter from the source. */
    AdapterSource.Loaded read(String name) throws IOException {
        if (!FlightEvents.areOn()) {
            return readNow(name);
        }
        AdapterLoadEvent event = new AdapterLoadEvent();
        event.begin();
        try {
            AdapterSource.Loaded read = readNow(name);
            event.end(name, null);
            return read;
        } catch (IOException | RuntimeException | Error e) {
            event.end(name, e);
            throw e;
        }
    }

    private AdapterSource.Loaded readNow(String name) throws IOException {
        try {
            AdapterNames.requireNew(name, List.of());
            return source.read(name, model.network(), options);
        } catch (IllegalArgumentException e) {
            throw new UnknownAdapterException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Whether this thread runs the source or the listener in a load, which calls of this adapter wait for. */
    boolean isLoadedByThisThread() {
        return loaders.containsKey(Thread.currentThread());
    }

    /**
     * Waits until the adapter is in the model. Each call that fails gets an exception of its own.
     *
     * @param request the request that needs it, or null for one that is never late
     * @throws TimeoutException if the request is late before
     */
    void await(String name, CachedAdapter entry, @Nullable Request request) throws TimeoutException {
        if (isLoadedByThisThread() && !entry.loading.isDone()) {
            throw new IllegalStateException("adapter " + MessageText.quote(name)
                    + ": a source and a listener must not wait for an adapter while they load one");
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    if (request == null || !request.hasDeadline()) {
                        entry.loading.get();
                    } else {
                        entry.loading.get(request.nanosLeft(System.nanoTime()), TimeUnit.NANOSECONDS);
                    }
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw failed(name, e.getCause() == null ? e : e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The exception of a call whose adapter could not be loaded. */
    static RuntimeException failed(String name, Throwable cause) {
        String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        String message = "adapter " + MessageText.quote(name) + " could not be loaded: " + reason;
        if (cause instanceof IOException io) {
            return new UncheckedIOException(message, io);
        }
        if (cause instanceof UnknownAdapterException) {
            return new UnknownAdapterException(message, cause);
        }
        if (cause instanceof IllegalArgumentException) {
            return new IllegalArgumentException(message, cause);
        }
        return new IllegalStateException(message, cause);
    }
}
