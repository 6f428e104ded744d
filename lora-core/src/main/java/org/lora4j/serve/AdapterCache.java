package org.lora4j.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;

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
 * <p>Several threads that need the same adapter load it once. If that fails, their calls fail, and so do others until {@link
 * Builder#retryDelay} is over; the next one then tries again. A load runs in a daemon thread of the cache, so an interrupt of a thread
 * that waits for it does not end it. A thread that has nothing to load ends after two seconds.
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
    private final CachedAdapters cached;
    private final AdapterLoader loader;

    /** Keeps an adapter in the model until it is closed; closing it again has no effect. */
    @FunctionalInterface
    public interface Pin extends AutoCloseable {
        @Override
        void close();
    }

    AdapterCache(Builder builder) {
        model = builder.model;
        cached = new CachedAdapters(
                model,
                new CacheLimits(builder.maxAdapters, builder.maxBytes, builder.kept),
                new FailedLoads(builder.firstRetryNanos, builder.longestRetryNanos, builder.clock),
                builder.listener);
        loader = new AdapterLoader(model, builder.source, builder.options, cached, builder.maxConcurrentLoads);
    }

    /**
     * Starts to build a cache.
     *
     * @param model the model that gets the adapters
     * @param folder the folder in which each adapter has a sub-folder of its name
     * @return a builder with the defaults
     */
    public static Builder builder(LoRAModel model, Path folder) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        return new Builder(model, AdapterSource.of(folder));
    }

    /**
     * Starts to build a cache of adapters that are not in a folder.
     *
     * @param model the model that gets the adapters
     * @param source reads the adapters
     * @return a builder with the defaults
     */
    public static Builder builder(LoRAModel model, AdapterSource source) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(source, "source must not be null");
        return new Builder(model, source);
    }

    /**
     * Returns this cache.
     *
     * @throws IllegalArgumentException if it is that of another model
     */
    AdapterCache requireOf(LoRAModel served) {
        if (model != served) {
            throw new IllegalArgumentException(
                    "the cache must load into the model of the service, found that of another model");
        }
        return this;
    }

    /**
     * Returns whether the model has an adapter, so that {@link #pin} would not load it.
     *
     * @param name the name of an adapter
     * @return whether it is in the model
     */
    public boolean isLoaded(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return cached.isInModel(name);
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
        try {
            return pin(name, (Request) null);
        } catch (TimeoutException e) {
            throw new IllegalStateException("a load without a time limit must not end by time", e);
        }
    }

    /**
     * Keeps an adapter in the model, as {@link #pin(String)} does, and waits until a request is late.
     *
     * @param request the request, or null for one that is never late
     * @throws TimeoutException if it is late before the adapter is loaded
     */
    Pin pin(String name, @Nullable Request request) throws TimeoutException {
        CachedAdapter entry = enter(name);
        if (entry == null) {
            return () -> {};
        }
        try {
            loader.await(name, entry, request);
        } catch (TimeoutException | RuntimeException e) {
            cached.unpin(entry);
            throw e;
        }
        return pinOf(entry);
    }

    /**
     * Loads adapters in the background, so that the first requests need not wait for them. It does not pin them.
     *
     * @param names the names of the adapters
     * @return completed when all of them are in the model; or it fails with the exception of {@link #pin} of one of them, after the
     *     others were tried too. To cancel it has no effect on the loads
     */
    public CompletableFuture<Void> preload(Collection<String> names) {
        Objects.requireNonNull(names, "names must not be null");
        List<CompletableFuture<Pin>> pins =
                Set.copyOf(names).stream().map(this::pinLater).toList();
        // Nobody is evicted for another one of them until all are there.
        return CompletableFuture.allOf(pins.toArray(CompletableFuture<?>[]::new))
                .whenComplete((nothing, failure) -> {
                    for (CompletableFuture<Pin> pin : pins) {
                        if (!pin.isCompletedExceptionally()) {
                            pin.join().close();
                        }
                    }
                });
    }

    /**
     * Keeps an adapter in the model, as {@link #pin} does, without blocking.
     *
     * @return the pin, or the exception of {@link #pin}. If the adapter must be loaded first, the thread that loads completes it
     */
    CompletableFuture<Pin> pinLater(String name) {
        CachedAdapter entry;
        try {
            entry = enter(name);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        if (entry == null) {
            return CompletableFuture.completedFuture(() -> {});
        }
        return entry.loading.handle((nothing, failure) -> {
            if (failure != null) {
                throw AdapterLoader.failed(name, failure);
            }
            return pinOf(entry);
        });
    }

    /** Returns the entry of an adapter, pinned once more, or null if the adapter is one of the program. Starts its load. */
    private @Nullable CachedAdapter enter(String name) {
        CachedAdapter entry = cached.enter(name);
        if (entry != null && cached.startsLoad(entry)) {
            loader.start(name, entry);
        }
        return entry;
    }

    private Pin pinOf(CachedAdapter entry) {
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                cached.unpin(entry);
            }
        };
    }

    /** Whether this thread runs the source or the listener in a load, which calls of this adapter wait for. */
    boolean isLoadedByThisThread() {
        return loader.isLoadedByThisThread();
    }

    /**
     * Loads an adapter again if the cache has loaded it, for example after a training saved another one in its folder. A
     * prediction that runs uses the old one to its end, a later one the new one.
     *
     * @param name the name of an adapter
     * @return whether it was loaded again; false if the cache has not loaded it, so that the next use loads the new one, even if
     *     its last load failed a moment ago
     * @throws IllegalArgumentException as {@link #pin}; the old adapter is still there then
     * @throws UncheckedIOException as {@link #pin}; the old adapter is still there then
     */
    public boolean refresh(String name) {
        Objects.requireNonNull(name, "name must not be null");
        CachedAdapter entry = cached.pinChanged(name);
        if (entry == null) {
            return false;
        }
        int changes = cached.changes(entry);
        try {
            loader.await(name, entry, null);
            return cached.replace(name, entry, loader.read(name), changes);
        } catch (IOException e) {
            cached.notRefreshed(name, entry, e, changes);
            throw new UncheckedIOException("adapter " + MessageText.quote(name) + " could not be loaded again", e);
        } catch (TimeoutException e) {
            throw new IllegalStateException("a load without a time limit must not end by time", e);
        } catch (RuntimeException e) {
            cached.notRefreshed(name, entry, e, changes);
            throw e;
        } finally {
            cached.unpin(entry);
            cached.evict();
        }
    }

    /**
     * Deletes an adapter from the model if the cache has loaded it, for example because its files were deleted. What has pinned it goes
     * on with it, or with the one that replaces it: the next {@link #pin} loads the adapter again if it is still in the folder, even if its
     * last load failed a moment ago. A load that runs reads it again.
     *
     * @param name the name of an adapter
     * @return whether it is deleted, now or with the last pin; false if the cache has not loaded it, or it is one of the program by now
     */
    public boolean forget(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return cached.delete(name);
    }

    /** The adapters that the cache has in the model now. */
    Set<String> loadedNames() {
        return cached.loadedNames();
    }

    /**
     * Returns what happened so far.
     *
     * @return counts, and what is loaded now
     */
    public Stats stats() {
        return cached.stats();
    }

    boolean isLoading(String name) {
        return cached.isLoading(name);
    }

    /** What happened to each adapter. */
    Map<String, LoadFigures> figures() {
        return cached.figures();
    }

    /**
     * Returns the adapters whose last load or {@link #refresh} failed, for the operator. Names that are no adapters are not among
     * them.
     *
     * @return why, by name; at most 1,000, the last ones
     */
    public Map<String, ServingStats.OfAdapter.Failure> failures() {
        return cached.failures();
    }

    /** Builds an {@link AdapterCache}. */
    public static final class Builder {
        private static final long DEFAULT_BYTES = 256L << 20;
        private static final int DEFAULT_LOADS = 8;
        private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
        private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

        final LoRAModel model;
        final AdapterSource source;
        long maxBytes = DEFAULT_BYTES;
        int maxAdapters = Integer.MAX_VALUE;
        Set<String> kept = Set.of();
        int maxConcurrentLoads = DEFAULT_LOADS;
        long firstRetryNanos = FIRST_RETRY.toNanos();
        long longestRetryNanos = LONGEST_RETRY.toNanos();
        LongSupplier clock = System::nanoTime;
        ReadOptions options = ReadOptions.defaults();
        Listener listener = new Listener() {};

        Builder(LoRAModel model, AdapterSource source) {
            this.model = model;
            this.source = source;
        }

        /**
         * Sets how many bytes the arrays of the loaded adapters take at most, apart from those that are pinned.
         *
         * @param most the number of bytes, not negative; 256 MiB by default
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder maxBytes(long most) {
            if (most < 0) {
                throw new IllegalArgumentException("maxBytes must not be negative, found " + most);
            }
            maxBytes = most;
            return this;
        }

        /**
         * Sets how many loaded adapters there are at most, apart from those that are pinned.
         *
         * @param most the number of adapters, not negative; no limit by default
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder maxAdapters(int most) {
            if (most < 0) {
                throw new IllegalArgumentException("maxAdapters must not be negative, found " + most);
            }
            maxAdapters = most;
            return this;
        }

        /**
         * Sets which adapters stay in the model for good once they are loaded. They count for the limits, so the others have less
         * room. {@link AdapterCache#preload} loads them at the start.
         *
         * @param names the names of the adapters
         * @return this builder
         */
        public Builder keep(Collection<String> names) {
            kept = Set.copyOf(Objects.requireNonNull(names, "names must not be null"));
            return this;
        }

        /**
         * Sets how many adapters are loaded at the same time. Others wait for that.
         *
         * @param most the number of loads, at least 1; 8 by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxConcurrentLoads(int most) {
            if (most < 1) {
                throw new IllegalArgumentException("maxConcurrentLoads must be at least 1, found " + most);
            }
            maxConcurrentLoads = most;
            return this;
        }

        /**
         * Sets how long a load that failed is not tried again. Calls of the adapter fail at once in this time, with the last
         * failure. The delay doubles with each failure in a row.
         *
         * @param first the delay after the first failure, not negative; 1 s by default. Zero tries again at each call
         * @param longest the longest delay, at least the first one; a minute by default
         * @return this builder
         * @throws IllegalArgumentException if a time is outside these bounds
         */
        public Builder retryDelay(Duration first, Duration longest) {
            Objects.requireNonNull(first, "first must not be null");
            Objects.requireNonNull(longest, "longest must not be null");
            if (first.isNegative() || longest.compareTo(first) < 0 || longest.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException(
                        "the delays must not be negative, the longest at least the first one and at most a day, found "
                                + first + " and " + longest);
            }
            firstRetryNanos = first.toNanos();
            longestRetryNanos = longest.toNanos();
            return this;
        }

        /** Sets the clock of the delays, in nanoseconds. */
        Builder clock(LongSupplier nanos) {
            clock = nanos;
            return this;
        }

        /**
         * Sets what to do if an adapter was saved with another base, and how much is read of an adapter.
         *
         * @param reading the options; {@link ReadOptions#defaults} by default
         * @return this builder
         */
        public Builder readOptions(ReadOptions reading) {
            options = Objects.requireNonNull(reading, "reading must not be null");
            return this;
        }

        /**
         * Sets the listener.
         *
         * @param events receives the events
         * @return this builder
         */
        public Builder listener(Listener events) {
            listener = Objects.requireNonNull(events, "events must not be null");
            return this;
        }

        /**
         * Creates the cache. It reads nothing yet.
         *
         * @return an empty cache
         */
        public AdapterCache build() {
            return new AdapterCache(this);
        }
    }

    /**
     * Receives the events of an {@link AdapterCache}. The threads that load call it, possibly several at the same time, so its
     * methods must be thread-safe and fast. An exception that it throws is logged and has no other effect.
     */
    public interface Listener {
        /**
         * Called after an adapter was loaded, before the calls that need it go on.
         *
         * @param name its name
         * @param bytes the bytes of its arrays
         * @param nanos how long that took, in nanoseconds
         */
        default void onLoad(String name, long bytes, long nanos) {}

        /**
         * Called after an adapter could not be loaded.
         *
         * @param name its name, as a call gave it
         * @param cause why
         */
        default void onFailedLoad(String name, Throwable cause) {}

        /**
         * Called after an adapter was deleted from the model to keep the limit.
         *
         * @param name its name
         * @param bytes the bytes of its arrays
         */
        default void onEviction(String name, long bytes) {}
    }

    /**
     * What an {@link AdapterCache} did so far. Immutable.
     *
     * @param hits how often a needed adapter was in the model
     * @param loads how often an adapter was loaded
     * @param failedLoads how often an adapter could not be loaded
     * @param loadNanos the time of all loads together, in nanoseconds
     * @param evictions how many adapters were deleted from the model to keep the limit
     * @param adapters how many adapters of the cache are in the model now
     * @param loading how many adapters are being loaded now, or wait for that
     * @param bytes how many bytes the arrays of the loaded ones take now
     */
    public record Stats(
            long hits,
            long loads,
            long failedLoads,
            long loadNanos,
            long evictions,
            int adapters,
            int loading,
            long bytes) {}
}
