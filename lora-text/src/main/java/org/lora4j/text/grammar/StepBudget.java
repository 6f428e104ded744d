package org.lora4j.text.grammar;

import java.util.function.LongSupplier;

/**
 * The steps of grammars that may be computed by the thread that takes the steps of all answers: about a millisecond at a time, and a
 * tenth of its time. Without a budget each of many answers would take its millisecond. Thread-safe.
 */
final class StepBudget {
    /** About a millisecond. */
    private static final long MOST = 50_000;

    private static final double STEPS_PER_NANO = MOST / 1e6 / 10;

    /** So much may always be done: to read what is known takes as many. */
    private static final long LEAST = 200;

    private final LongSupplier clock;
    private double left = MOST;
    private long since;

    /**
     * Creates a full budget.
     *
     * @param clock the time in nanoseconds
     */
    StepBudget(LongSupplier clock) {
        this.clock = clock;
        since = clock.getAsLong();
    }

    synchronized long left() {
        long now = clock.getAsLong();
        left = Math.min(MOST, left + STEPS_PER_NANO * (now - since));
        since = now;
        return Math.max(LEAST, (long) left);
    }

    synchronized void spend(long steps) {
        left -= steps;
    }
}
