package org.lora4j.serve;

import java.time.Instant;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Counts what happens to the requests of one adapter, or of all. Thread-safe. */
final class AdapterRecorder {
    private final LongAdder running = new LongAdder();
    private final LongAdder units = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder late = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final DistributionRecorder latencyNanos = new DistributionRecorder();
    private final DistributionRecorder queueNanos = new DistributionRecorder();
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
