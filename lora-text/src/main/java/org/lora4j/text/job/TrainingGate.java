package org.lora4j.text.job;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.List;
import java.util.RandomAccess;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.lora4j.internal.threads.BackgroundThread;
import org.lora4j.train.Batch;

/**
 * Lets a training compute while nobody else does. While requests run, it computes for a share of the time and with one thread: after a
 * batch that took t, it waits for {@code t·(1/share − 1)}, or until no request runs.
 */
final class TrainingGate {
    /** How often to look whether requests still run. */
    private static final long LOOK_NANOS = 200_000;

    private final BooleanSupplier serves;
    private final double rest;

    /** When the last batch began; 0 for none. One thread uses it. */
    private long begun;

    /**
     * Creates a gate.
     *
     * @param serves whether requests run or wait
     * @param share the share of the time, above 0 and at most 1
     */
    TrainingGate(BooleanSupplier serves, double share) {
        this.serves = serves;
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
                await();
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
            gate.await();
            return all.get(index);
        }

        @Override
        public int size() {
            return all.size();
        }
    }

    /** Waits for the turn of the next batch. */
    void await() {
        long now = System.nanoTime();
        if (begun != 0) {
            long until = now + (long) ((now - begun) * rest);
            while (serves.getAsBoolean() && System.nanoTime() < until) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
        BackgroundThread.computeAlone(serves.getAsBoolean());
        begun = System.nanoTime();
    }

    /** The thread does something else from now on. */
    void leave() {
        begun = 0;
        BackgroundThread.computeAlone(false);
    }
}
