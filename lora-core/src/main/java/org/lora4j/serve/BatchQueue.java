package org.lora4j.serve;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The calls that wait for a batch, in a fair order of their adapters, and the turn to compute. One thread has the turn at a
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

    /** What became of a call that was added. */
    enum Added {
        /** It has left the queue before, because it was late or cancelled. */
        GONE,
        /** It waits, and somebody computes or is about to. */
        WAITS,
        /**
         * Nobody computes, so somebody must: the thread of the call, which then has the turn, or for a call without a thread an
         * executor, to which the turn is then offered.
         */
        STARTS
    }

    private final int maxBatchRows;
    private final long maxBatchTokens;
    private final long maxWaitNanos;

    private final Object lock = new Object();
    private final FairQueue<PredictionCall> queue;

    /** The calls that wait and have a thread, in the order of their arrival. */
    private final Set<PredictionCall> waiters = new LinkedHashSet<>();

    /** The call whose thread gets the turn, until it takes a batch. */
    private @Nullable PredictionCall chosen;

    private Turn turn = Turn.FREE;
    private int expectedCalls;
    private long lastEnd = System.nanoTime();
    private long lastNanos;

    /** Only written under the lock; the thread that has the turn watches them without it. */
    private volatile int waitingRows;

    private volatile int waitingCalls;

    BatchQueue(int maxBatchRows, int maxBatchTokens, long maxWaitNanos, FairQueue<PredictionCall> queue) {
        this.maxBatchRows = maxBatchRows;
        this.maxBatchTokens = maxBatchTokens;
        this.maxWaitNanos = maxWaitNanos;
        this.queue = queue;
    }

    /** Gives the parts of one call their places, as {@link Admission.Places#admit} says. */
    void admit(List<PredictionCall> parts) {
        synchronized (lock) {
            queue.admitAll(parts);
        }
    }

    /** Takes a call out unless it was taken for a batch, or its thread is about to compute. Its caller ends it then. */
    boolean remove(PredictionCall call) {
        synchronized (lock) {
            if (call == chosen || !queue.remove(call)) {
                return false;
            }
            waiters.remove(call);
            count();
            return true;
        }
    }

    /** Adds a call with a place. */
    Added add(PredictionCall call) {
        synchronized (lock) {
            if (!queue.add(call)) {
                return Added.GONE;
            }
            count();
            if (call.hasWaiter()) {
                waiters.add(call);
            }
            if (turn == Turn.TAKEN || (turn == Turn.OFFERED && !call.hasWaiter())) {
                return Added.WAITS;
            }
            turn = call.hasWaiter() ? Turn.TAKEN : Turn.OFFERED;
            return Added.STARTS;
        }
    }

    private void count() {
        waitingRows = queue.waitingSize();
        waitingCalls = queue.waitingRequests();
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
     * @return the calls, at most {@code maxBatchRows} rows and {@code maxBatchTokens} tokens or a single call. Those that are late have failed, and are not counted
     */
    List<PredictionCall> next() {
        waitForOthers();
        synchronized (lock) {
            chosen = null;
            List<PredictionCall> batch = new ArrayList<>();
            List<PredictionCall> late = new ArrayList<>();
            long now = System.nanoTime();
            int rows = 0;
            long tokens = 0;
            PredictionCall call = queue.poll(now, first -> true, late::add);
            while (call != null) {
                batch.add(call);
                rows += call.size();
                tokens += call.tokens();
                int room = maxBatchRows - rows;
                long tokenRoom = maxBatchTokens - tokens;
                call = queue.poll(now, next -> next.size() <= room && next.tokens() <= tokenRoom, late::add);
            }
            for (PredictionCall missed : late) {
                missed.fail(Failures.late());
                batch.add(missed);
            }
            batch.forEach(waiters::remove);
            count();
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
            expectedCalls = calls + queue.waitingRequests();
            lastEnd = System.nanoTime();
            lastNanos = nanos;
            if (!waiters.isEmpty()) {
                chosen = waiters.iterator().next();
                return chosen;
            }
            turn = queue.waitingRequests() == 0 ? Turn.FREE : Turn.OFFERED;
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
            List<PredictionCall> all = queue.removeAllWaiting();
            waiters.clear();
            count();
            return all;
        }
    }

    /** How many calls of each adapter have a place. */
    Map<String, Integer> callsByAdapter() {
        synchronized (lock) {
            return queue.requests();
        }
    }

    /** Notes that calls have ended. */
    void ended(int calls) {
        synchronized (lock) {
            queue.ended(calls);
            if (queue.pending() == 0) {
                lock.notifyAll();
            }
        }
    }

    /** Rejects all later calls. */
    void close() {
        synchronized (lock) {
            queue.close();
        }
    }

    /** The calls with a place, which wait for their turn or for their adapter. */
    List<PredictionCall> placed() {
        synchronized (lock) {
            return queue.placed();
        }
    }

    /** Returns whether no call has a place. */
    boolean isEmpty() {
        synchronized (lock) {
            return queue.pending() == 0;
        }
    }

    /**
     * Waits until all calls that had a place have ended.
     *
     * @param nanos the longest wait
     * @return whether all have ended
     */
    boolean awaitEnd(long nanos) throws InterruptedException {
        long begin = System.nanoTime();
        synchronized (lock) {
            for (long left = nanos; queue.pending() > 0 && left > 0; left = nanos - (System.nanoTime() - begin)) {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
            }
            return queue.pending() == 0;
        }
    }
}
