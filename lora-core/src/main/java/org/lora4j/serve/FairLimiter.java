package org.lora4j.serve;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.serve.ServingException.Reason;

/**
 * Bounds the work that requests cause before a model computes them, such as turning texts into tokens: how much of it is done at the
 * same time, by its size and by the number of threads. Requests that have to wait come in the fair order of a {@link BatchingPredictor}:
 * the next one is of the adapter for which the least was done.
 *
 * <pre>{@code
 * FairLimiter limiter = new FairLimiter(2_000_000, 4);                   // characters, threads
 * int[] prompt = limiter.run("support", text.length(), options, () -> tokenizer.encode(text).ids());
 * }</pre>
 *
 * <p>The work is done by the thread that asks for it. Any number of threads can use a limiter.
 */
public final class FairLimiter {
    private final long most;
    private final int threads;
    private final Object lock = new Object();
    private final FairQueue<Waiter> queue =
            new FairQueue<>(new QueueLimits(Long.MAX_VALUE, Long.MAX_VALUE, "units", "a limit"), adapter -> 1);
    private long size;
    private int running;

    /** A thread that waits for its turn. */
    private static final class Waiter extends Request {
        private boolean isNext;

        Waiter(String adapter, int size, RequestOptions options) {
            super(adapter, size, size, options, System.nanoTime());
        }
    }

    /**
     * Creates a limiter.
     *
     * @param most how much work is done at the same time, in the unit of its sizes; at least 1. Work that is larger is done alone
     * @param threads how many threads do it at the same time, at least 1
     * @throws IllegalArgumentException if a number is less than 1
     */
    public FairLimiter(int most, int threads) {
        if (most < 1 || threads < 1) {
            throw new IllegalArgumentException(
                    "most and threads must be at least 1, found " + most + " and " + threads);
        }
        this.most = most;
        this.threads = threads;
    }

    /**
     * Waits for its turn, and does work.
     *
     * @param adapter the name of the adapter for which it is done
     * @param units its size, not negative
     * @param options the priority, and until when it must have begun
     * @param work the work. It must not use the same limiter
     * @param <T> the type of its result
     * @return the result of the work
     * @throws ServingException if the time of the request is over, or the thread is interrupted, before the work begins; the thread
     *     stays interrupted
     * @throws IllegalArgumentException if the size is negative
     */
    public <T> T run(String adapter, long units, RequestOptions options, Supplier<T> work) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(options, "options must not be null");
        Objects.requireNonNull(work, "work must not be null");
        if (units < 0) {
            throw new IllegalArgumentException("units must not be negative, found " + units);
        }
        Waiter waiter = new Waiter(adapter, (int) Math.min(most, units), options);
        await(waiter);
        try {
            return work.get();
        } finally {
            synchronized (lock) {
                size -= waiter.size();
                running--;
                startNext();
            }
        }
    }

    private void await(Waiter waiter) {
        synchronized (lock) {
            queue.admit(waiter);
            queue.add(waiter);
            startNext();
            try {
                for (long left = left(waiter); !waiter.isNext && left > 0; left = left(waiter)) {
                    TimeUnit.NANOSECONDS.timedWait(lock, left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                if (!waiter.isNext) {
                    leave(waiter);
                    throw new ServingException(Reason.CANCELLED, "the request was cancelled", e);
                }
            }
            if (!waiter.isNext) {
                leave(waiter);
                throw Failures.late();
            }
        }
    }

    private static long left(Waiter waiter) {
        return waiter.nanosLeft(System.nanoTime());
    }

    private void leave(Waiter waiter) {
        queue.remove(waiter);
        queue.ended(1);
        startNext();
    }

    /** Lets those begin that are next, while there is room. */
    private void startNext() {
        Waiter next = next();
        while (next != null) {
            next.isNext = true;
            size += next.size();
            running++;
            queue.ended(1);
            lock.notifyAll();
            next = next();
        }
    }

    private @Nullable Waiter next() {
        Room room = new Room();
        // Those that are late leave by themselves.
        return queue.poll(System.nanoTime(), room::isFor, late -> {});
    }

    /** Whether there is room. The first in the order that has none waits for it, and others do not overtake it. */
    private final class Room {
        private boolean isOver;

        boolean isFor(Waiter waiter) {
            isOver |= running >= threads || (running > 0 && size + waiter.size() > most);
            return !isOver;
        }
    }

    /**
     * Returns how many threads wait for their turn.
     *
     * @return a number of this moment
     */
    public int waiting() {
        synchronized (lock) {
            return queue.waitingRequests();
        }
    }
}
