package org.lora4j.internal.threads;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Divides a loop among the processors that are free, see {@link SpareProcessors}. Each thread works with an object of its own,
 * which holds its buffers. Who computes which part does not affect the results if the parts are independent. Not thread-safe.
 *
 * @param <W> the type of these objects
 */
public final class Workers<W> {
    /** The work for which another thread saves time. After a product it is awake; else it takes about as long to wake up. */
    private static final long LEAST_NANOS = 20_000;

    /** The work of a block of rows: small enough that a thread which begins late still gets some. */
    private static final long BLOCK_NANOS = 5_000;

    private final Supplier<W> newWorker;
    private final List<W> all = new ArrayList<>();

    /**
     * Creates the first worker.
     *
     * @param newWorker creates a worker
     */
    public Workers(Supplier<W> newWorker) {
        this.newWorker = newWorker;
        all.add(newWorker.get());
    }

    /** A task of a loop. */
    @FunctionalInterface
    public interface Task<W> {
        /**
         * Computes the task.
         *
         * @param worker belongs to the current thread until the task is done
         * @param number the number of the task, from 0
         */
        void run(W worker, int number);
    }

    /** Some rows of a loop. */
    @FunctionalInterface
    public interface RowsTask<W> {
        /**
         * Computes the rows.
         *
         * @param worker belongs to the current thread until the rows are done
         * @param from the first row
         * @param to the row after the last one
         */
        void run(W worker, int from, int to);
    }

    /**
     * Returns the worker for a computation that is not divided.
     *
     * @return the worker
     */
    public W first() {
        return all.get(0);
    }

    /**
     * Runs independent tasks. For the same number of tasks and threads, each worker always gets the same ones, so its buffers
     * have the right sizes after the first call. An exception of a task is thrown to the caller.
     *
     * @param tasks the number of tasks
     * @param nanos how long all of them take in one thread, roughly
     * @param task runs one of them
     */
    public void run(int tasks, long nanos, Task<W> task) {
        int threads = prepare(tasks, nanos);
        SpareProcessors.runParts(threads, part -> {
            for (int i = part; i < tasks; i += threads) {
                task.run(all.get(part), i);
            }
        });
    }

    private int prepare(int tasks, long nanos) {
        // A single task must not even pay for the question how many processors are free.
        int threads = tasks <= 1 ? 1 : Math.min(tasks, SpareProcessors.parts(nanos, LEAST_NANOS));
        while (all.size() < threads) {
            all.add(newWorker.get());
        }
        return threads;
    }

    /**
     * Processes independent rows in blocks. A thread that begins late gets fewer of them. An exception is thrown to the caller.
     *
     * @param from the first row
     * @param to the row after the last one
     * @param nanosPerRow how long a row takes, roughly
     * @param task processes some of them
     */
    public void runRows(int from, int to, long nanosPerRow, RowsTask<W> task) {
        long nanos = (to - from) * nanosPerRow;
        int threads = prepare(to - from, nanos);
        if (threads == 1) {
            task.run(first(), from, to);
            return;
        }
        int block = (int) Math.max(1, Math.min(to - from, BLOCK_NANOS / Math.max(1, nanosPerRow)));
        AtomicInteger next = new AtomicInteger(from);
        SpareProcessors.runParts(threads, part -> {
            for (int i = next.getAndAdd(block); i < to; i = next.getAndAdd(block)) {
                task.run(all.get(part), i, Math.min(to, i + block));
            }
        });
    }
}
