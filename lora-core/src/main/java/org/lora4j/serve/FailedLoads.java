package org.lora4j.serve;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.Recent;

/**
 * Which adapters could not be loaded, and when the next try may be: after a delay that doubles with each failure in a row. Not
 * thread-safe: the lock of the owner guards it.
 */
final class FailedLoads {
    /** More are forgotten, the oldest first, so that clients that make up names take no memory. */
    private static final int MOST = 1_000;

    private final long firstDelayNanos;
    private final long longestDelayNanos;
    private final LongSupplier clock;
    private final Map<String, Failed> byName = new Recent<>(MOST);

    private record Failed(Throwable cause, Instant time, long delay, long nextTry) {}

    /**
     * Creates a list without failures.
     *
     * @param firstDelayNanos the delay after the first failure; 0 for none at all
     * @param longestDelayNanos the longest delay
     * @param clock the time in nanoseconds, from any origin
     */
    FailedLoads(long firstDelayNanos, long longestDelayNanos, LongSupplier clock) {
        this.firstDelayNanos = firstDelayNanos;
        this.longestDelayNanos = longestDelayNanos;
        this.clock = clock;
    }

    /** Notes a failure. */
    void add(String name, Throwable cause) {
        Failed last = byName.get(name);
        long delay = last == null || last.delay == 0
                ? firstDelayNanos
                : Math.min(longestDelayNanos, last.delay > longestDelayNanos / 2 ? longestDelayNanos : 2 * last.delay);
        byName.put(name, new Failed(cause, Instant.now(), delay, clock.getAsLong() + delay));
    }

    /** Forgets the failures of an adapter, so that it may be tried at once. */
    void remove(String name) {
        byName.remove(name);
    }

    /** The cause of the last failure if it is too early for another try, or null. */
    @Nullable
    Throwable tooEarly(String name) {
        Failed last = byName.get(name);
        return last == null || clock.getAsLong() - last.nextTry >= 0 ? null : last.cause;
    }

    /** The last failures, without those of names that are no adapters. */
    Map<String, ServingStats.OfAdapter.Failure> all() {
        Map<String, ServingStats.OfAdapter.Failure> all = new HashMap<>();
        byName.forEach((name, failed) -> {
            if (!(failed.cause instanceof UnknownAdapterException)) {
                all.put(name, new ServingStats.OfAdapter.Failure(failed.time, Failures.describe(failed.cause)));
            }
        });
        return all;
    }
}
