package org.lora4j.text.job;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * What the threads of trainings share: while no request runs, all of them compute; beside requests, one at a time does, and together they
 * compute for a share of the time. Thread-safe.
 */
final class TrainingTurns {
    private final BooleanSupplier serves;
    private final double share;
    private final TrainingTotals totals;
    private final AtomicInteger training = new AtomicInteger();
    private final ReentrantLock beside = new ReentrantLock();

    /**
     * Creates the turns.
     *
     * @param serves whether requests run or wait
     * @param share the share of the time, above 0 and at most 1
     * @param totals get how long trainings compute and wait
     */
    TrainingTurns(BooleanSupplier serves, double share, TrainingTotals totals) {
        this.serves = serves;
        this.share = share;
        this.totals = totals;
    }

    /** Counts a thread that trains from now on. */
    void enter() {
        training.incrementAndGet();
    }

    /** Counts one that does something else from now on. */
    void leave() {
        training.decrementAndGet();
    }

    /** Returns whether one job trains and no other. */
    boolean isAlone() {
        return training.get() <= 1;
    }

    boolean serves() {
        return serves.getAsBoolean();
    }

    /**
     * Returns how long a thread waits beside requests after it has computed: {@code t·(n/share − 1)}, if n of them train.
     *
     * @param nanos how long it computed, t
     */
    long rest(long nanos) {
        return (long) (nanos * (Math.max(1, training.get()) / share - 1));
    }

    /** Guards what is computed beside requests. */
    ReentrantLock beside() {
        return beside;
    }

    TrainingTotals totals() {
        return totals;
    }
}
