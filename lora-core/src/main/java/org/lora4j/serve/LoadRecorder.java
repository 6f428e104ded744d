package org.lora4j.serve;

import java.time.Instant;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Counts the loads of one adapter. Thread-safe. */
final class LoadRecorder {
    private final LongAdder loads = new LongAdder();
    private final LongAdder failedLoads = new LongAdder();
    private final LongAdder evictions = new LongAdder();
    private volatile ServingStats.OfAdapter.@Nullable Failure lastFailure;

    void loaded() {
        loads.increment();
    }

    void failed(Throwable cause) {
        failedLoads.increment();
        if (!(cause instanceof UnknownAdapterException)) {
            lastFailure = new ServingStats.OfAdapter.Failure(Instant.now(), Failures.describe(cause));
        }
    }

    void evicted() {
        evictions.increment();
    }

    LoadFigures figures() {
        return new LoadFigures(loads.sum(), failedLoads.sum(), evictions.sum(), lastFailure);
    }
}
