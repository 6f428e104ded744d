package org.lora4j.serve;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.internal.Inputs;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes the calls of many threads in batches, each row or sequence of tokens with its own adapter. A batch reads the weights of the base once,
 * so a service that many use at the same time answers several times as many requests.
 *
 * <pre>{@code
 * BatchingPredictor predictor = BatchingPredictor.builder(model).build();
 * INDArray y = predictor.predict(row, "customer-a");                              // from any number of threads
 * CompletableFuture<INDArray> later = predictor.predictAsync(row, "customer-b");
 * }</pre>
 *
 * <p><b>When a batch leaves.</b> A call that comes while nothing is being computed is computed at once, alone. Calls that
 * come in the meantime form the next batch. Before it leaves, the next batch waits for those calls that are arriving: until
 * it is full, until as many are there as were there last time, until none came for an eighth of the time that the last batch took
 * (at least 50 µs), or until the last batch ended {@link Builder#maxWait} ago.
 *
 * <p><b>Who computes.</b> The predictor has no threads. One of the threads that wait in {@code predict} computes the batch
 * of all. If calls wait and no thread does, a task of the {@link Builder#executor} computes. The executor also
 * completes the futures. One batch is computed at a time; if BLAS has one thread, its products and the updates of its rows are
 * divided among the processors, as in {@link LoRAModel#predict(INDArray, List)}.
 *
 * <p><b>Failures.</b> A call with an unknown adapter or an input that does not fit fails alone. A call that comes when too
 * many wait is rejected with a {@link RejectedExecutionException}, and can be tried again later. If the executor refuses a
 * task, the calls that wait for it fail with its exception.
 *
 * <p><b>Results.</b> Each call has the output of {@code model.using(adapter).predict(x)} up to rounding. A call that is
 * computed alone has the same bits. In a batch, the last bits can depend on the number of rows and on their places in it,
 * because native products of different sizes round in different order. The values of the other rows have no influence.
 * The result belongs to the caller and to no workspace of ND4J.
 *
 * <p><b>Changes of the model.</b> A batch is computed with one state of the model: the one at its start. So a call sees every
 * change that was made before it, and may see one that is made while it waits. A call whose adapter is deleted while it
 * waits fails.
 *
 * <p>Any number of threads can use a predictor.
 */
public final class BatchingPredictor implements AutoCloseable {
    private final LoRAModel model;
    private final @Nullable AdapterCache cache;
    private final BatchingRecorder recorder;
    private final BatchQueue queue;
    private final BatchRunner runner;

    BatchingPredictor(Builder builder) {
        model = builder.model;
        cache = builder.cache;
        recorder = new BatchingRecorder(builder.listener);
        queue = new BatchQueue(builder.maxBatchRows, builder.maxWaitingRows, builder.maxWaitNanos);
        runner = new BatchRunner(queue, new BatchComputation(model), recorder, builder.executor);
    }

    /**
     * Starts to build a predictor.
     *
     * @param model the model
     * @return a builder with the defaults
     */
    public static Builder builder(LoRAModel model) {
        Objects.requireNonNull(model, "model must not be null");
        return new Builder(model);
    }

    /**
     * Computes the output, in a batch with the calls of other threads. The thread may compute the batch of others too.
     *
     * <p>An interrupt does not end the wait. The thread is interrupted when the method returns.
     *
     * @param x rows of features or sequences of tokens; not written to. It must not be changed during the call
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone
     * @return a new array {@code [n, outputSize]} in 'c' order, with a row for each example, or for each token of sequences if
     *     there is no pooling
     * @throws IllegalArgumentException if the input does not fit the base, or there is no such adapter
     * @throws RejectedExecutionException if too many rows or sequences wait, or the predictor is closed
     * @throws java.io.UncheckedIOException if the adapter could not be loaded by the {@link AdapterCache}
     */
    public INDArray predict(Input x, String adapter) {
        Objects.requireNonNull(x, "x must not be null");
        long begin = System.nanoTime();
        int rows = requireCall(x, adapter);
        admit(rows, adapter);
        PredictionCall call;
        try {
            call = new PredictionCall(BatchComputation.readable(x), adapter, pin(adapter), null, begin);
        } catch (RuntimeException | Error e) {
            withdraw(rows);
            throw e;
        }
        return runner.compute(call);
    }

    /**
     * Computes the output of rows as {@link #predict(Input, String)}.
     *
     * @param x the input {@code [n, inputSize]}; not written to. It must not be changed during the call
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone
     * @return a new array {@code [n, outputSize]} in 'c' order
     */
    public INDArray predict(INDArray x, String adapter) {
        return predict(Input.of(x), adapter);
    }

    /**
     * Computes the output later, in a batch with other calls, without blocking the thread. The future is completed by the
     * executor, so an action that is added to it delays other futures: use {@code thenApplyAsync} for actions that take long.
     * A future that the program cancels, or completes itself, is not computed if its batch has not begun.
     *
     * @param x rows of features, which are copied, or sequences of tokens
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone
     * @return a future of the output. It fails with the exceptions of {@link #predict(Input, String)}
     */
    public CompletableFuture<INDArray> predictAsync(Input x, String adapter) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        long begin = System.nanoTime();
        try {
            int rows = requireCall(x, adapter);
            admit(rows, adapter);
            return admitted(x, adapter, rows, begin);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * Computes the output of rows later, as {@link #predictAsync(Input, String)}.
     *
     * @param x the input {@code [n, inputSize]}, which is copied
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone
     * @return a future of a new array {@code [n, outputSize]} in 'c' order
     */
    public CompletableFuture<INDArray> predictAsync(INDArray x, String adapter) {
        return predictAsync(Input.of(x), adapter);
    }

    private CompletableFuture<INDArray> admitted(Input x, String adapter, int rows, long begin) {
        try {
            Input copy = BatchComputation.copy(x);
            CompletableFuture<INDArray> future = new CompletableFuture<>();
            if (cache == null || adapter.equals(LoRAModel.BASE)) {
                runner.submit(new PredictionCall(copy, adapter, null, future, begin));
                return future;
            }
            CompletableFuture<AdapterCache.Pin> later = cache.pinLater(adapter);
            // Its result is the future's.
            CompletableFuture<AdapterCache.Pin> unused = later.whenComplete((pin, failure) -> {
                if (failure == null) {
                    runner.submit(new PredictionCall(copy, adapter, pin, future, begin));
                } else {
                    withdraw(rows);
                    runner.complete(() -> future.completeExceptionally(
                            failure instanceof CompletionException && failure.getCause() != null
                                    ? failure.getCause()
                                    : failure));
                }
            });
            return future;
        } catch (RuntimeException | Error e) {
            withdraw(rows);
            throw e;
        }
    }

    private int requireCall(Input x, String adapter) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        try {
            Inputs.requirePredictable(x, model.network().stack());
            if (cache == null
                    && !adapter.equals(LoRAModel.BASE)
                    && !model.names().contains(adapter)) {
                throw BatchComputation.unknown(adapter);
            }
        } catch (IllegalArgumentException e) {
            recorder.failed(1);
            throw e;
        }
        return x.count();
    }

    private void admit(int rows, String adapter) {
        try {
            queue.admit(rows);
        } catch (RejectedExecutionException e) {
            recorder.rejected(adapter);
            throw e;
        }
    }

    private void withdraw(int rows) {
        recorder.failed(1);
        queue.withdraw(rows);
    }

    private AdapterCache.@Nullable Pin pin(String adapter) {
        return cache == null || adapter.equals(LoRAModel.BASE) ? null : cache.pin(adapter);
    }

    /** The number of calls that wait for the next batch. */
    int waitingCalls() {
        return queue.waitingCalls();
    }

    /**
     * Returns what happened so far.
     *
     * @return counts, times and sizes; they cost next to nothing
     */
    public Stats stats() {
        return recorder.stats();
    }

    /**
     * Rejects all later calls, and waits until those that were accepted have ended. The executor and the adapters stay as they
     * are. An interrupt ends the wait, and the thread stays interrupted. An action of a future, the listeners, and the source of
     * the cache can close the predictor; they do not wait.
     */
    @Override
    public void close() {
        queue.close();
        if (runner.isServing() || (cache != null && cache.isLoadedByThisThread())) {
            return;
        }
        try {
            queue.awaitEnd();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Builds a {@link BatchingPredictor}. */
    public static final class Builder {
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
        Listener listener = new Listener() {};

        Builder(LoRAModel model) {
            this.model = model;
        }

        /**
         * Loads adapters that are not in the model when a call names them. Without a cache, such a call fails.
         *
         * @param adapters a cache of the same model
         * @return this builder
         * @throws IllegalArgumentException if the cache is that of another model
         */
        public Builder adapters(AdapterCache adapters) {
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
        public Builder maxBatchRows(int rows) {
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
        public Builder maxWaitingRows(int rows) {
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
        public Builder maxWait(Duration wait) {
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
        public Builder executor(Executor tasks) {
            executor = Objects.requireNonNull(tasks, "tasks must not be null");
            return this;
        }

        /**
         * Sets the listener.
         *
         * @param events receives the events
         * @return this builder
         */
        public Builder listener(Listener events) {
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

    /**
     * Receives the events of a {@link BatchingPredictor}, for example to write them to a metrics library. The threads that
     * compute call it, one after the other, so its methods must be fast and must not predict with the predictor. An exception
     * that it throws is logged and has no other effect.
     */
    public interface Listener {
        /**
         * Called after a batch was computed, before its calls return.
         *
         * @param calls the number of calls in the batch
         * @param rows the number of rows in the batch
         * @param nanos how long the computation took, in nanoseconds
         */
        default void onBatch(int calls, int rows, long nanos) {}

        /**
         * Called when a call is rejected because the queue is full or the predictor is closed. The thread of the call calls it,
         * so several can do so at the same time.
         *
         * @param adapter the name of the adapter, as the call gave it
         */
        default void onRejection(String adapter) {}
    }

    /**
     * What a {@link BatchingPredictor} did so far. Immutable.
     *
     * @param failedCalls the number of calls that ended with an error, apart from the rejected ones; those that the program
     *     cancelled are among them
     * @param rejectedCalls the number of calls that were rejected because the queue was full or the predictor closed
     * @param latencyNanos the time of each call that was computed, from its begin until its output was there, in nanoseconds.
     *     The time to load an adapter is part of it
     * @param batchRows the number of rows of each batch
     * @param batchCalls the number of calls of each batch
     * @param batchNanos the time that the computation of each batch took, in nanoseconds
     */
    public record Stats(
            long failedCalls,
            long rejectedCalls,
            Distribution latencyNanos,
            Distribution batchRows,
            Distribution batchCalls,
            Distribution batchNanos) {
        /**
         * Checks that nothing is missing.
         *
         * @param failedCalls the number of calls that failed
         * @param rejectedCalls the number of calls that were rejected
         * @param latencyNanos the times of the calls
         * @param batchRows the rows of the batches
         * @param batchCalls the calls of the batches
         * @param batchNanos the times of the batches
         */
        public Stats {
            Objects.requireNonNull(latencyNanos, "latencyNanos must not be null");
            Objects.requireNonNull(batchRows, "batchRows must not be null");
            Objects.requireNonNull(batchCalls, "batchCalls must not be null");
            Objects.requireNonNull(batchNanos, "batchNanos must not be null");
        }

        /**
         * Returns how many calls ended with an output.
         *
         * @return the number of calls
         */
        public long completedCalls() {
            return latencyNanos.count();
        }

        /**
         * Returns how many batches were computed.
         *
         * @return the number of batches
         */
        public long batches() {
            return batchRows.count();
        }
    }
}
