package org.lora4j.text.job;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.List;
import java.util.RandomAccess;
import java.util.concurrent.locks.LockSupport;
import org.lora4j.train.Batch;

/**
 * Lets a training compute while nobody else does. While requests run, the trainings of a service compute for a share of the time, one at a
 * time and with one thread: after something that took t, one of n trainings waits for {@code t·(n/share − 1)}, or until no request runs. It is
 * asked before each product of matrices that several threads could compute, and before each batch and each example. One thread uses it.
 */
final class TrainingGate {
    /** How often to look whether requests still run. */
    private static final long LOOK_NANOS = 200_000;

    private final TrainingTurns turns;

    /** When the last turn began; 0 for none. */
    private long begun;

    /**
     * Creates the gate of a thread.
     *
     * @param turns what it shares with other threads that train
     */
    TrainingGate(TrainingTurns turns) {
        this.turns = turns;
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

    /** The thread trains a job from now on. */
    void enter() {
        turns.enter();
    }

    /** Waits for the turn. Returns whether no request runs and no other job trains, so that all threads may compute. */
    boolean awaitTurn() {
        long now = System.nanoTime();
        letOthers();
        boolean isFree = !turns.serves();
        long until = now;
        if (begun != 0) {
            turns.totals().computed(now - begun);
            until += turns.rest(now - begun);
        }
        while (!isFree && (System.nanoTime() < until || !turns.beside().tryLock())) {
            LockSupport.parkNanos(LOOK_NANOS);
            isFree = !turns.serves();
        }
        begun = System.nanoTime();
        turns.totals().waited(begun - now);
        return isFree && turns.isAlone();
    }

    private void letOthers() {
        if (turns.beside().isHeldByCurrentThread()) {
            turns.beside().unlock();
        }
    }

    /** The thread does something else from now on. */
    void leave() {
        letOthers();
        if (begun != 0) {
            turns.totals().computed(System.nanoTime() - begun);
        }
        begun = 0;
        turns.leave();
    }
}
