package org.lora4j.serve;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;

/** Builds a {@link BatchingPredictor}. */
public final class BatchingPredictorBuilder {
    private static final int DEFAULT_BATCH_ROWS = 64;
    private static final int DEFAULT_WAITING_ROWS = 1024;
    private static final long DEFAULT_WAIT_NANOS = 2_000_000;

    final LoRAModel model;

    @Nullable
    AdapterCache cache;

    int maxBatchRows = DEFAULT_BATCH_ROWS;
    int maxWaitingRows = DEFAULT_WAITING_ROWS;
    long maxWaitNanos = DEFAULT_WAIT_NANOS;
    Executor executor = ForkJoinPool.commonPool();
    BatchingListener listener = new BatchingListener() {};

    BatchingPredictorBuilder(LoRAModel model) {
        this.model = model;
    }

    /**
     * Loads adapters that are not in the model when a call names them. Without a cache, such a call fails.
     *
     * @param adapters a cache of the same model
     * @return this builder
     * @throws IllegalArgumentException if the cache is that of another model
     */
    public BatchingPredictorBuilder adapters(AdapterCache adapters) {
        Objects.requireNonNull(adapters, "adapters must not be null");
        if (adapters.model() != model) {
            throw new IllegalArgumentException(
                    "the cache must load into the model of the predictor, found that of another model");
        }
        cache = adapters;
        return this;
    }

    /**
     * Sets how many rows or sequences a batch has at most. A call with more is a batch of its own.
     *
     * @param rows the number of rows, at least 1; 64 by default
     * @return this builder
     * @throws IllegalArgumentException if the number is less than 1
     */
    public BatchingPredictorBuilder maxBatchRows(int rows) {
        maxBatchRows = requirePositive("maxBatchRows", rows);
        return this;
    }

    /**
     * Sets from how many waiting rows or sequences on calls are rejected. Calls whose adapter is being loaded are counted, and
     * those that are being computed are not. While fewer rows wait, a call of any size is accepted, so the rows that wait can
     * exceed the number by those of one call.
     *
     * @param rows the number of rows, at least 1; 1024 by default
     * @return this builder
     * @throws IllegalArgumentException if the number is less than 1
     */
    public BatchingPredictorBuilder maxWaitingRows(int rows) {
        maxWaitingRows = requirePositive("maxWaitingRows", rows);
        return this;
    }

    private static int requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, found " + value);
        }
        return value;
    }

    /**
     * Sets how long after the end of a batch the next one waits at most for calls that are arriving.
     *
     * @param wait the time, not negative and at most a minute; 2 ms by default. Zero never waits
     * @return this builder
     * @throws IllegalArgumentException if the time is outside these bounds
     */
    public BatchingPredictorBuilder maxWait(Duration wait) {
        Objects.requireNonNull(wait, "wait must not be null");
        if (wait.isNegative() || wait.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("maxWait must be from 0 to a minute, found " + wait);
        }
        maxWaitNanos = wait.toNanos();
        return this;
    }

    /**
     * Sets the executor for asynchronous calls. If it refuses a task, by a rejection or an error, the calls that wait for it
     * fail. The predictor does not shut it down.
     *
     * <p>It should run tasks in threads of its own. An executor that runs a task in the calling thread, such as one with {@link
     * java.util.concurrent.ThreadPoolExecutor.CallerRunsPolicy}, makes {@code predictAsync} compute batches, also those of
     * others.
     *
     * @param tasks the executor; {@link ForkJoinPool#commonPool} by default
     * @return this builder
     */
    public BatchingPredictorBuilder executor(Executor tasks) {
        executor = Objects.requireNonNull(tasks, "tasks must not be null");
        return this;
    }

    /**
     * Sets the listener.
     *
     * @param events receives the events
     * @return this builder
     */
    public BatchingPredictorBuilder listener(BatchingListener events) {
        listener = Objects.requireNonNull(events, "events must not be null");
        return this;
    }

    /**
     * Creates the predictor.
     *
     * @return a predictor, ready for calls
     */
    public BatchingPredictor build() {
        return new BatchingPredictor(this);
    }
}
