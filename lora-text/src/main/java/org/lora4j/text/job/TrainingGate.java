package org.lora4j.text.job;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.List;
import java.util.RandomAccess;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.lora4j.train.Batch;

/**
 * Lets a training compute while nobody else does. While requests run, it computes for a share of the time and with one thread: after
 * something that took t, it waits for {@code t·(1/share − 1)}, or until no request runs. It is asked before each product of matrices that
 * several threads could compute, and before each batch and each example.
 */
final class TrainingGate {
    /** How often to look whether requests still run. */
    private static final long LOOK_NANOS = 200_000;

    private final BooleanSupplier serves;
    private final double rest;
    private final TrainingTotals totals;

    /** When the last turn began; 0 for none. One thread uses it. */
    private long begun;

    /**
     * Creates a gate.
     *
     * @param serves whether requests run or wait
     * @param share the share of the time, above 0 and at most 1
     * @param totals get how long trainings compute and wait
     */
    TrainingGate(BooleanSupplier serves, double share, TrainingTotals totals) {
        this.serves = serves;
        this.totals = totals;
        rest = 1 / share - 1;
    }

    /** Returns the same batches, each of which waits for its turn. */
    Iterable<Batch> through(Iterable<Batch> batches) {
        return () -> new Iterator<>() {
            private final Iterator<Batch> all = batches.iterator();

            @Override
            public boolean hasNext() {
                return all.hasNext();
            }

            @Override
            public Batch next() {
                boolean unused = awaitTurn();
                return all.next();
            }
        };
    }

    /** Returns the same examples, each of which waits for its turn. */
    <E> List<E> through(List<E> examples) {
        return new Gated<>(this, examples);
    }

    /** A list whose elements are read when their turn comes. */
    private static final class Gated<E> extends AbstractList<E> implements RandomAccess {
        private final TrainingGate gate;
        private final List<E> all;

        Gated(TrainingGate gate, List<E> all) {
            this.gate = gate;
            this.all = all;
        }

        @Override
        public E get(int index) {
            boolean unused = gate.awaitTurn();
            return all.get(index);
        }

        @Override
        public int size() {
            return all.size();
        }
    }

    /** Waits for the turn. Returns whether no request runs, so that all threads may compute. */
    boolean awaitTurn() {
        long now = System.nanoTime();
        boolean isFree = !serves.getAsBoolean();
        if (begun != 0) {
            totals.computed(now - begun);
        }
        if (begun != 0 && !isFree) {
            long until = now + (long) ((now - begun) * rest);
            while (!isFree && System.nanoTime() < until) {
                LockSupport.parkNanos(LOOK_NANOS);
                isFree = !serves.getAsBoolean();
            }
        }
        begun = System.nanoTime();
        totals.waited(begun - now);
        return isFree;
    }

    /** The thread does something else from now on. */
    void leave() {
        if (begun != 0) {
            totals.computed(System.nanoTime() - begun);
        }
        begun = 0;
    }
}
