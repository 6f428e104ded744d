package org.lora4j.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The calls that wait for a batch, in the order of their arrival, and the turn to compute. One thread has the turn at a
 * time: it takes a batch, computes it, and passes the turn on.
 *
 * <p>Thread-safe.
 */
final class BatchQueue {
    /** If no call arrives in this time, no other is coming. It is longer after a batch that took long. */
    private static final long QUIET_NANOS = 50_000;

    private static final int QUIET_PART_OF_BATCH = 8;

    private enum Turn {
        FREE,
        /** An executor was asked to compute, and has not begun. */
        OFFERED,
        TAKEN
    }

    private final int maxBatchRows;
    private final int maxWaitingRows;
    private final long maxWaitNanos;

    private final Object lock = new Object();
    private final Deque<PredictionCall> waiting = new ArrayDeque<>();
    private Turn turn = Turn.FREE;
    private int admittedRows;
    private int pendingCalls;
    private boolean closed;
    private int expectedCalls;
    private long lastEnd = System.nanoTime();
    private long lastNanos;

    /** Only written under the lock; the thread that has the turn watches them without it. */
    private volatile int waitingRows;

    private volatile int waitingCalls;

    BatchQueue(int maxBatchRows, int maxWaitingRows, long maxWaitNanos) {
        this.maxBatchRows = maxBatchRows;
        this.maxWaitingRows = maxWaitingRows;
        this.maxWaitNanos = maxWaitNanos;
    }

    /**
     * Admits a call, before its adapter is loaded. Each admitted call is added or withdrawn, and ends.
     *
     * @throws RejectedExecutionException if the queue is closed, or has no place
     */
    void admit(int rows) {
        synchronized (lock) {
            if (closed) {
                throw new RejectedExecutionException("the predictor is closed; no call is accepted any more");
            }
            // A call of many rows has the same chance as a small one: the limit is not for what comes, but for what
            // waits.
            if (admittedRows >= maxWaitingRows) {
                throw new RejectedExecutionException("a call is accepted while fewer than " + maxWaitingRows
                        + " rows wait, found " + admittedRows
                        + "; try again later, send fewer requests at once, or set maxWaitingRows");
            }
            admittedRows += rows;
            pendingCalls++;
        }
    }

    /** Takes back an admitted call that will not be added. */
    void withdraw(int rows) {
        synchronized (lock) {
            admittedRows -= rows;
            end(1);
        }
    }

    /**
     * Adds an admitted call.
     *
     * @return whether nobody computes, so that somebody must: the thread of the call, which then has the turn, or for a call
     *     without a thread an executor, to which the turn is then offered
     */
    boolean add(PredictionCall call) {
        synchronized (lock) {
            waiting.add(call);
            waitingRows += call.rows();
            waitingCalls++;
            if (turn == Turn.TAKEN || (turn == Turn.OFFERED && !call.hasWaiter())) {
                return false;
            }
            turn = call.hasWaiter() ? Turn.TAKEN : Turn.OFFERED;
            return true;
        }
    }

    /** Takes the offered turn. Returns false if a thread was faster. */
    boolean takeOffered() {
        synchronized (lock) {
            if (turn != Turn.OFFERED) {
                return false;
            }
            turn = Turn.TAKEN;
            return true;
        }
    }

    /**
     * Takes the next batch, after a short wait for those who are coming. Only the thread that has the turn calls it.
     *
     * @return the calls, at most {@code maxBatchRows} rows or a single call
     */
    List<PredictionCall> next() {
        waitForOthers();
        synchronized (lock) {
            List<PredictionCall> batch = new ArrayList<>(waiting.size());
            int rows = 0;
            PredictionCall call = waiting.peek();
            while (call != null && (batch.isEmpty() || call.rows() <= maxBatchRows - rows)) {
                waiting.remove();
                waitingRows -= call.rows();
                waitingCalls--;
                admittedRows -= call.rows();
                rows += call.rows();
                batch.add(call);
                call = waiting.peek();
            }
            return batch;
        }
    }

    /**
     * Waits as long as calls are arriving, until as many wait as the last batch had together with those that waited at its
     * end. A call that comes when nothing has happened for a while does not wait.
     */
    @SuppressWarnings("ThreadPriorityCheck") // The wait is shorter than a thread takes to wake up.
    private void waitForOthers() {
        int expected;
        long deadline;
        long quietNanos;
        synchronized (lock) {
            expected = expectedCalls;
            deadline = lastEnd + maxWaitNanos;
            quietNanos = Math.max(QUIET_NANOS, lastNanos / QUIET_PART_OF_BATCH);
        }
        int seen = waitingCalls;
        long now = System.nanoTime();
        long quiet = now + quietNanos;
        while (seen < expected && waitingRows < maxBatchRows && now - deadline < 0 && now - quiet < 0) {
            Thread.yield();
            now = System.nanoTime();
            if (waitingCalls != seen) {
                seen = waitingCalls;
                quiet = now + quietNanos;
            }
        }
    }

    /**
     * Passes the turn on after a batch.
     *
     * @param calls the number of calls in the batch
     * @param nanos how long its computation took
     * @return the call whose thread is to compute next: it has the turn. If there is none, the turn is offered to an
     *     executor, or free; see {@link #isOffered}
     */
    @Nullable
    PredictionCall passOn(int calls, long nanos) {
        synchronized (lock) {
            expectedCalls = calls + waiting.size();
            lastEnd = System.nanoTime();
            lastNanos = nanos;
            for (PredictionCall call : waiting) {
                if (call.hasWaiter()) {
                    return call;
                }
            }
            turn = waiting.isEmpty() ? Turn.FREE : Turn.OFFERED;
            return null;
        }
    }

    int waitingCalls() {
        return waitingCalls;
    }

    /** Whether an executor is to compute next. */
    boolean isOffered() {
        synchronized (lock) {
            return turn == Turn.OFFERED;
        }
    }

    /** Removes all calls if nobody will compute them because the turn is offered and the executor refused. */
    List<PredictionCall> takeAllIfOffered() {
        synchronized (lock) {
            if (turn != Turn.OFFERED) {
                return List.of();
            }
            turn = Turn.FREE;
            List<PredictionCall> all = List.copyOf(waiting);
            waiting.clear();
            admittedRows -= waitingRows;
            waitingRows = 0;
            waitingCalls = 0;
            return all;
        }
    }

    /** Notes that calls have ended. */
    void ended(int calls) {
        synchronized (lock) {
            end(calls);
        }
    }

    private void end(int calls) {
        pendingCalls -= calls;
        if (pendingCalls == 0) {
            lock.notifyAll();
        }
    }

    /** Rejects all later calls. */
    void close() {
        synchronized (lock) {
            closed = true;
        }
    }

    /** Waits until all admitted calls have ended. */
    void awaitEnd() throws InterruptedException {
        synchronized (lock) {
            while (pendingCalls > 0) {
                lock.wait();
            }
        }
    }
}
