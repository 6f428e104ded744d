package org.lora4j.serve;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** Counts values for a {@link ServingStats.Distribution}. It allocates nothing for a value. Thread-safe. */
final class DistributionRecorder {
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
