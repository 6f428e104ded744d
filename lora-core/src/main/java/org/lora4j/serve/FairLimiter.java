package org.lora4j.serve;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the work that requests cause before a model computes them, such as turning texts into tokens: how much of it is done at the
 * same time, by its size and by the number of threads. Requests that have to wait come in the fair order of a {@link BatchingPredictor}:
 * the next one is of the adapter for which the least was done.
 *
 * <pre>{@code
 * FairLimiter limiter = new FairLimiter(1_000_000, 4);                   // characters, threads
 * String question = "Where is my parcel?";
 * int words = limiter.run("support", question.length(), RequestOptions.defaults(), () -> question.split(" ").length);
 * }</pre>
 *
 * <p>Work whose size is not known before counts what it does with {@link #spend}, which charges its adapter, and ends it when nobody
 * waits for it any more.
 *
 * <p>The work is done by threads of the limiter, and the thread that asks waits for it. So native libraries that keep memory for each
 * thread keep it for these few. A thread without work ends after some seconds. Small work whose turn comes at once can be done by
 * the thread that asks, because to wake another one takes longer. Any number of threads can use a limiter.
 */
public final class FairLimiter {
    private static final long IDLE_SECONDS = 5;

    /** So long an adapter may work without a pause if it did nothing before. */
    private static final long BURST_NANOS = 50_000_000;

    /** How long work makes no pause. A thread that others wait for gets the processor at once then. */
    private static final long SLICE_NANOS = 2_000_000;

    /** A longer pause is divided, so that work ends soon for which nobody waits. */
    private static final long LONGEST_PAUSE_NANOS = 20_000_000;

    /** What so many adapters have worked is known. */
    private static final int MOST_PACES = 1000;

    /** The work that this thread does now. */
    private static final ThreadLocal<Running> CURRENT = new ThreadLocal<>();

    private final long most;
    private final int threads;
    private final int small;
    private final int ofOne;
    private final int pauses;
    private final Executor workers;
    private final Object lock = new Object();
    private final FairQueue<Task<?>> queue =
            new FairQueue<>(new FairQueue.Limits(Long.MAX_VALUE, Long.MAX_VALUE, "units", "a limit"), adapter -> 1);
    private final Map<String, Integer> runningOf = new HashMap<>();
    private long size;
    private int running;

    /** When work began, did something or ended last. */
    private long progress = System.nanoTime();

    /** How long each adapter has worked, without what its pauses made up for. */
    private final Map<String, Pace> paces = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Pace> eldest) {
            return size() > MOST_PACES;
        }
    };

    /** What an adapter has worked until a moment. */
    private static final class Pace {
        private long worked;
        private long since;

        Pace(long since) {
            this.since = since;
        }
    }

    /** Work and the limiter that does it. */
    private record Running(FairLimiter limiter, Task<?> task) {}

    /** Work that waits for its turn, is done, or was done. The lock guards it. */
    private static final class Task<T> extends Request {
        private final Supplier<T> work;
        private final CompletableFuture<@Nullable T> future = new CompletableFuture<>();
        private volatile boolean isAbandoned;
        private boolean isDone;

        /** Since when it makes no pause; its own thread alone uses it. */
        private long workingSince;

        private @Nullable T result;
        private @Nullable Throwable failure;

        Task(String adapter, int size, RequestOptions options, Supplier<T> work) {
            super(adapter, size, size, options, System.nanoTime());
            this.work = work;
        }
    }

    /**
     * Creates a limiter whose threads do all work.
     *
     * @param most how much work is done at the same time, in the unit of its sizes; at least 1. Work that is larger is done alone
     * @param threads how many threads do it at the same time, at least 1
     * @throws IllegalArgumentException if a number is less than 1
     */
    public FairLimiter(int most, int threads) {
        this(most, threads, 0);
    }

    /**
     * Creates a limiter.
     *
     * @param most how much work is done at the same time, in the unit of its sizes; at least 1. Work that is larger is done alone
     * @param threads how many threads do it at the same time, at least 1
     * @param small the largest size of work that the thread that asks does by itself if its turn comes at once, not negative. It must
     *     end soon: this thread does not look at the time before its end
     * @throws IllegalArgumentException if a number is out of its range
     */
    public FairLimiter(int most, int threads, int small) {
        this(most, threads, small, threads);
    }

    /**
     * Creates a limiter in which one adapter cannot take all threads.
     *
     * @param most as in {@link #FairLimiter(int, int, int)}
     * @param threads as in {@link #FairLimiter(int, int, int)}
     * @param small as in {@link #FairLimiter(int, int, int)}
     * @param ofOne how many threads do the work of one adapter at the same time, from 1 to {@code threads}
     * @throws IllegalArgumentException if a number is out of its range
     */
    public FairLimiter(int most, int threads, int small, int ofOne) {
        this(most, threads, small, ofOne, 0);
    }

    /**
     * Creates a limiter in which adapters with much work make pauses, so that it leaves processors, and pauses of the garbage collector, to others.
     *
     * @param most as in {@link #FairLimiter(int, int, int)}
     * @param threads as in {@link #FairLimiter(int, int, int)}
     * @param small as in {@link #FairLimiter(int, int, int)}
     * @param ofOne as in {@link #FairLimiter(int, int, int, int)}
     * @param pauses how many times as long as it worked the work of an adapter pauses once it has worked for 50 ms, not negative. It
     *     pauses before it begins, and in {@link #spend}
     * @throws IllegalArgumentException if a number is out of its range
     */
    public FairLimiter(int most, int threads, int small, int ofOne, int pauses) {
        this(most, threads, small, ofOne, pauses, FairLimiter::newWorkers);
    }

    /** Creates a limiter with workers of another kind, for as many threads. */
    FairLimiter(int most, int threads, int small, int ofOne, int pauses, IntFunction<Executor> workers) {
        if (most < 1 || threads < 1 || small < 0 || pauses < 0) {
            throw new IllegalArgumentException(
                    "most and threads must be at least 1, and small and pauses not negative, found " + most + ", "
                            + threads + ", " + small + " and " + pauses);
        }
        if (ofOne < 1 || ofOne > threads) {
            throw new IllegalArgumentException(
                    "ofOne must be from 1 to the number of threads, " + threads + ", found " + ofOne);
        }
        this.most = most;
        this.threads = threads;
        this.small = small;
        this.ofOne = ofOne;
        this.pauses = pauses;
        this.workers = workers.apply(threads);
    }

    private static Executor newWorkers(int threads) {
        ThreadPoolExecutor workers = new ThreadPoolExecutor(
                threads, threads, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lora4j-text");
                    thread.setDaemon(true);
                    return thread;
                });
        workers.allowCoreThreadTimeOut(true);
        return workers;
    }

    /**
     * Waits for its turn, and does work.
     *
     * @param adapter the name of the adapter for which it is done
     * @param units its size, not negative
     * @param options the priority, and until when it must be done
     * @param work the work. It must not use the same limiter
     * @param <T> the type of its result
     * @return the result of the work
     * @throws ServingException if the time of the request is over before the work is done. Work that has begun goes on until it
     *     calls {@link #spend}, and counts until its end
     * @throws CancellationException if the thread is interrupted before the work is done; it stays interrupted
     * @throws IllegalArgumentException if the size is negative
     */
    public <T> T run(String adapter, long units, RequestOptions options, Supplier<T> work) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(options, "options must not be null");
        Objects.requireNonNull(work, "work must not be null");
        Task<T> task = task(adapter, units, options, work);
        boolean canBeMine = units <= small && !Thread.currentThread().isInterrupted();
        boolean isMine;
        synchronized (lock) {
            queue.admit(task);
            queue.add(task);
            isMine = startNext(canBeMine ? task : null);
        }
        if (isMine) {
            work(task);
        }
        synchronized (lock) {
            await(task);
            return result(task);
        }
    }

    private <T> Task<T> task(String adapter, long units, RequestOptions options, Supplier<T> work) {
        if (units < 0) {
            throw new IllegalArgumentException("units must not be negative, found " + units);
        }
        return new Task<>(adapter, (int) Math.min(most, units), options, work);
    }

    /**
     * Lets work be done by a thread of the limiter when its turn comes, without a limit of time. The thread that asks does not wait.
     *
     * @param adapter the name of the adapter for which it is done
     * @param units its size, not negative
     * @param work the work. It must not wait for other work of the same limiter
     * @param <T> the type of its result
     * @return ends with the work, and fails with what the work throws. To cancel it does not end the work
     * @throws IllegalArgumentException if the size is negative
     */
    public <T> CompletableFuture<@Nullable T> submit(String adapter, long units, Supplier<T> work) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(work, "work must not be null");
        Task<T> task = task(adapter, units, RequestOptions.defaults(), work);
        synchronized (lock) {
            queue.admit(task);
            queue.add(task);
            startNext(null);
        }
        return task.future;
    }

    /**
     * Counts what the work of this thread did, beyond the size that it was given. Without work of a limiter this does nothing. To
     * call it often costs little: every few thousand operations are often enough.
     *
     * @param units what was done, in the unit of the sizes, not negative; its adapter is charged for it in the fair order
     * @throws ServingException if the time of the request is over
     * @throws CancellationException if nobody waits for the result any more
     * @throws IllegalArgumentException if the number is negative
     */
    public static void spend(long units) {
        if (units < 0) {
            throw new IllegalArgumentException("units must not be negative, found " + units);
        }
        Running now = CURRENT.get();
        if (now != null) {
            now.limiter.spend(now.task, units);
        }
    }

    private void spend(Task<?> task, long units) {
        synchronized (lock) {
            queue.charge(task.adapter(), units);
            progress = System.nanoTime();
        }
        if (left(task) <= 0) {
            throw Failures.late();
        }
        if (task.isAbandoned) {
            throw new CancellationException("nobody waits for the work any more");
        }
        pause(task);
    }

    /** Counts what the work did since its last pause, and pauses if its adapter has worked long. */
    private void pause(Task<?> task) {
        long now = System.nanoTime();
        long worked = now - task.workingSince;
        if (pauses == 0 || worked < SLICE_NANOS) {
            return;
        }
        rest(task, now);
    }

    private void rest(Task<?> task, long now) {
        long nanos = worked(task, now);
        if (nanos > 0) {
            LockSupport.parkNanos(Math.min(Math.min(nanos, LONGEST_PAUSE_NANOS), left(task)));
        }
        task.workingSince = System.nanoTime();
    }

    /** Counts what the work did since its last pause. Returns how long its adapter must pause. */
    private long worked(Task<?> task, long now) {
        synchronized (lock) {
            Pace pace = paces.computeIfAbsent(task.adapter(), adapter -> new Pace(now));
            pace.worked = Math.max(0, pace.worked - (now - pace.since) / (1 + pauses)) + now - task.workingSince;
            pace.since = now;
            return (pace.worked - BURST_NANOS) * (1 + pauses);
        }
    }

    private void await(Task<?> task) {
        try {
            for (long left = left(task); !task.isDone && left > 0; left = left(task)) {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (!task.isDone) {
                leave(task);
                throw new CancellationException("the thread was interrupted while it waited for its work");
            }
        }
        if (!task.isDone) {
            leave(task);
            throw Failures.late();
        }
    }

    private static long left(Task<?> task) {
        return task.nanosLeft(System.nanoTime());
    }

    @SuppressWarnings("NullAway") // The work may return null.
    private static <T> T result(Task<T> task) {
        if (task.failure instanceof RuntimeException e) {
            throw e;
        }
        if (task.failure instanceof Error e) {
            throw e;
        }
        if (task.failure != null) {
            throw new IllegalStateException("the work failed: " + task.failure.getMessage(), task.failure);
        }
        return task.result;
    }

    /** Takes a task out if it waits. */
    private void leave(Task<?> task) {
        task.isAbandoned = true;
        if (queue.remove(task)) {
            queue.ended(1);
            startNext(null);
        }
    }

    /**
     * Lets those begin that are next, while there is room.
     *
     * @param own the task that the calling thread does by itself, or null
     * @return whether it is among them
     */
    private boolean startNext(@Nullable Task<?> own) {
        boolean isOwn = false;
        for (Task<?> next = next(); next != null; next = next()) {
            size += next.size();
            running++;
            progress = System.nanoTime();
            runningOf.merge(next.adapter(), 1, Integer::sum);
            queue.ended(1);
            if (next == own) {
                isOwn = true;
            } else {
                start(next);
            }
        }
        return isOwn;
    }

    private <T> void start(Task<T> task) {
        try {
            workers.execute(() -> work(task));
        } catch (RuntimeException | Error e) {
            // There may be no native thread for it.
            end(task, null, e);
        }
    }

    /** Notes how a task ended, and gives its room back. */
    private <T> void end(Task<T> task, @Nullable T result, @Nullable Throwable failure) {
        task.result = result;
        task.failure = failure;
        task.isDone = true;
        size -= task.size();
        running--;
        progress = System.nanoTime();
        runningOf.computeIfPresent(task.adapter(), (adapter, own) -> own == 1 ? null : own - 1);
        lock.notifyAll();
        if (failure == null) {
            task.future.complete(result);
        } else {
            task.future.completeExceptionally(failure);
        }
    }

    private @Nullable Task<?> next() {
        Room room = new Room();
        // The threads of those that are late find it out by themselves.
        return queue.poll(System.nanoTime(), room::isFor, late -> queue.ended(1));
    }

    private <T> void work(Task<T> task) {
        synchronized (lock) {
            // An executor can fail to start a thread, and run the task later.
            if (task.isDone) {
                return;
            }
        }
        T result = null;
        Throwable failure = null;
        Running before = CURRENT.get();
        CURRENT.set(new Running(this, task));
        try {
            task.workingSince = System.nanoTime();
            if (pauses > 0) {
                rest(task, task.workingSince);
            }
            result = task.work.get();
        } catch (Throwable e) {
            // Work in another language can throw anything, and its room must become free.
            failure = e;
        } finally {
            restore(before);
        }
        if (pauses > 0) {
            long unused = worked(task, System.nanoTime());
        }
        synchronized (lock) {
            end(task, result, failure);
            startNext(null);
        }
    }

    private static void restore(@Nullable Running before) {
        if (before == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(before);
        }
    }

    /**
     * Whether there is room. The first in the order that has none waits for it, and others do not overtake it, except those of an
     * adapter that has all its threads.
     */
    private final class Room {
        private boolean isOver;

        boolean isFor(Task<?> task) {
            if (runningOf.getOrDefault(task.adapter(), 0) >= ofOne) {
                return false;
            }
            isOver |= running >= threads || (running > 0 && size + task.size() > most);
            return !isOver;
        }
    }

    /**
     * Returns for how long all threads have been doing the same work, so that other work would wait or waits.
     *
     * @return the time since work began, called {@link #spend} or ended; zero if a thread is free and nothing waits
     */
    public Duration standstill() {
        synchronized (lock) {
            return running < threads && queue.waitingRequests() == 0
                    ? Duration.ZERO
                    : Duration.ofNanos(Math.max(0, System.nanoTime() - progress));
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
