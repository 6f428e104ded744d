package org.lora4j.serve;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.ServingException.Reason;

/** Counts what happens in the services of a model, for each adapter and in all, and informs the listener. Thread-safe. */
final class ServingRecorder {
    private final LoRAModel model;
    private final @Nullable AdapterCache cache;
    private final SafeListener<ServingListener> listener;
    private final OfAdapter all = new OfAdapter();
    private final BoundedNames<OfAdapter> adapters;
    private final OfValues batchRequests = new OfValues();
    private final OfValues batchUnits = new OfValues();
    private final OfValues batchNanos = new OfValues();

    /** How many requests of each adapter wait, in each service. */
    private final List<Supplier<Map<String, Integer>>> queues = new CopyOnWriteArrayList<>();

    ServingRecorder(LoRAModel model, @Nullable AdapterCache cache, ServingListener listener, int maxNames) {
        this.model = model;
        this.cache = cache;
        this.listener = new SafeListener<>(listener, "service");
        adapters = new BoundedNames<>(maxNames, OfAdapter::new);
    }

    LoRAModel model() {
        return model;
    }

    @Nullable
    AdapterCache cache() {
        return cache;
    }

    /** Adds a service: its figures are those of all services of the model together. */
    void add(Supplier<Map<String, Integer>> waiting) {
        queues.add(waiting);
    }

    /** Notes a request that was not accepted. */
    void rejected(String adapter) {
        all.rejected();
        adapters.existing(adapter).rejected();
        listener.inform(events -> events.onRejection(adapter));
    }

    /** Notes a request that failed. */
    void failed(String adapter, Throwable failure) {
        all.failed(failure);
        (isFault(failure) ? adapters.of(adapter) : adapters.existing(adapter)).failed(failure);
        listener.inform(events -> events.onFailure(adapter, failure));
    }

    /** Whether a failure says that there is such an adapter: whoever makes up names gets no entries for them. */
    private static boolean isFault(Throwable failure) {
        return !(failure instanceof ServingException known)
                || known.reason() == Reason.INTERNAL
                || known.reason() == Reason.ADAPTER_UNAVAILABLE;
    }

    /** Notes that the computation of a request begins. */
    void began(Request request) {
        long nanos = request.taken - request.begin();
        all.began(nanos);
        adapters.of(request.adapter()).began(nanos);
    }

    /** Notes that the computation of a request has ended, with an output or a failure. */
    void ended(Request request, @Nullable Throwable failure) {
        String adapter = request.adapter();
        all.stopped();
        adapters.of(adapter).stopped();
        if (failure != null) {
            failed(adapter, failure);
            return;
        }
        long nanos = System.nanoTime() - request.begin();
        all.completed(nanos);
        adapters.of(adapter).completed(nanos);
    }

    /** Notes units that were computed for an adapter. */
    void computed(String adapter, long units) {
        all.computed(units);
        adapters.of(adapter).computed(units);
    }

    /** Notes tokens of prompts that were not computed for an adapter, because they were known. */
    void reused(String adapter, long tokens) {
        all.reused(tokens);
        adapters.of(adapter).reused(tokens);
    }

    /** Notes a batch. */
    void batch(int requests, long units, long nanos) {
        batchRequests.record(requests);
        batchUnits.record(units);
        batchNanos.record(nanos);
        listener.inform(events -> events.onBatch(requests, units, nanos));
    }

    /** Returns the figures of all services. */
    ServingStats stats() {
        Map<String, Integer> waitingByLabel = new HashMap<>();
        for (Supplier<Map<String, Integer>> queue : queues) {
            queue.get().forEach((name, count) -> waitingByLabel.merge(adapters.label(name), count, Integer::sum));
        }
        Map<String, LoadFigures> loadsByLabel = new HashMap<>();
        if (cache != null) {
            cache.figures()
                    .forEach((name, figures) -> loadsByLabel.merge(adapters.label(name), figures, LoadFigures::plus));
        }
        Map<String, ServingStats.OfAdapter> byName = new HashMap<>();
        long othersBytes = model.names().stream()
                .filter(name -> adapters.label(name).equals(ServingStats.OTHERS))
                .mapToLong(this::bytes)
                .sum();
        adapters.forEach((name, recorder) -> {
            boolean isOthers = name.equals(ServingStats.OTHERS);
            byName.put(
                    name,
                    recorder.stats(
                            isOthers ? state(othersBytes > 0) : state(name),
                            waitingByLabel.getOrDefault(name, 0),
                            isOthers ? othersBytes : bytes(name),
                            loadsByLabel.getOrDefault(name, LoadFigures.NONE),
                            isOthers ? null : model.snapshot().knownFingerprint(name)));
        });
        return new ServingStats(
                all.stats(
                        state(!model.names().isEmpty()),
                        waitingByLabel.values().stream()
                                .mapToInt(Integer::intValue)
                                .sum(),
                        byName.values().stream()
                                .mapToLong(ServingStats.OfAdapter::bytes)
                                .sum(),
                        loadsByLabel.values().stream().reduce(LoadFigures.NONE, LoadFigures::plus),
                        null),
                byName,
                batchRequests.snapshot(),
                batchUnits.snapshot(),
                batchNanos.snapshot());
    }

    private static ServingStats.OfAdapter.State state(boolean isLoaded) {
        return isLoaded ? ServingStats.OfAdapter.State.LOADED : ServingStats.OfAdapter.State.ABSENT;
    }

    private ServingStats.OfAdapter.State state(String name) {
        if (cache != null && cache.isLoading(name)) {
            return ServingStats.OfAdapter.State.LOADING;
        }
        return state(name.equals(LoRAModel.BASE) || model.names().contains(name));
    }

    private long bytes(String name) {
        try {
            return model.names().contains(name) ? model.residentBytes(name) : 0;
        } catch (IllegalArgumentException e) {
            // It was deleted in between.
            return 0;
        }
    }

    /** Counts what happens to the requests of one adapter, or of all. Thread-safe. */
    private static final class OfAdapter {
        private final LongAdder running = new LongAdder();
        private final LongAdder units = new LongAdder();
        private final LongAdder reused = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private final LongAdder rejected = new LongAdder();
        private final LongAdder late = new LongAdder();
        private final LongAdder cancelled = new LongAdder();
        private final OfValues latencyNanos = new OfValues();
        private final OfValues queueNanos = new OfValues();
        private volatile ServingStats.OfAdapter.@Nullable Failure lastFailure;

        void rejected() {
            rejected.increment();
        }

        void began(long nanosInQueue) {
            running.increment();
            queueNanos.record(Math.max(0, nanosInQueue));
        }

        void stopped() {
            running.decrement();
        }

        void computed(long more) {
            units.add(more);
        }

        void reused(long more) {
            reused.add(more);
        }

        void completed(long nanos) {
            latencyNanos.record(Math.max(0, nanos));
        }

        void failed(Throwable failure) {
            ServingException.Reason reason =
                    failure instanceof ServingException known ? known.reason() : ServingException.Reason.INTERNAL;
            switch (reason) {
                case LATE -> late.increment();
                case CANCELLED -> cancelled.increment();
                case UNKNOWN_ADAPTER, INVALID_INPUT -> failed.increment();
                default -> {
                    failed.increment();
                    lastFailure = new ServingStats.OfAdapter.Failure(Instant.now(), Failures.describe(failure));
                }
            }
        }

        /** The figures so far. What happens at the same time may be counted in part. */
        ServingStats.OfAdapter stats(
                ServingStats.OfAdapter.State state,
                int waiting,
                long bytes,
                LoadFigures loads,
                @Nullable String fingerprint) {
            ServingStats.Distribution latency = latencyNanos.snapshot();
            return new ServingStats.OfAdapter(
                    state,
                    waiting,
                    (int) Math.max(0, running.sum()),
                    latency.count(),
                    units.sum(),
                    reused.sum(),
                    failed.sum(),
                    rejected.sum(),
                    late.sum(),
                    cancelled.sum(),
                    latency,
                    queueNanos.snapshot(),
                    bytes,
                    loads.loads(),
                    loads.failedLoads(),
                    loads.evictions(),
                    ServingStats.OfAdapter.Failure.later(lastFailure, loads.lastFailure()),
                    fingerprint);
        }
    }

    /** Counts values for a {@link ServingStats.Distribution}. It allocates nothing for a value. Thread-safe. */
    static final class OfValues {
        private final AtomicLongArray counts = new AtomicLongArray(ServingStats.Distribution.GROUPS);
        private final LongAdder sum = new LongAdder();
        private final LongAccumulator max = new LongAccumulator(Math::max, 0);

        /** Counts a value, which is not negative. */
        void record(long value) {
            counts.getAndIncrement(ServingStats.Distribution.group(value));
            sum.add(value);
            max.accumulate(value);
        }

        /** The values so far. Those that are being recorded at the same time may be counted in part. */
        ServingStats.Distribution snapshot() {
            long[] copy = new long[counts.length()];
            for (int i = 0; i < copy.length; i++) {
                copy[i] = counts.get(i);
            }
            return new ServingStats.Distribution(copy, sum.sum(), max.get());
        }
    }
}
