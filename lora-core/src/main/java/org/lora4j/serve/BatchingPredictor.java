package org.lora4j.serve;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Input;
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
 * (at least 50 µs), or until the last batch ended {@link BatchingPredictorBuilder#maxWait} ago.
 *
 * <p><b>Who computes.</b> The predictor has no threads. One of the threads that wait in {@code predict} computes the batch
 * of all. If calls wait and no thread does, a task of the {@link BatchingPredictorBuilder#executor} computes. The executor also
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

    BatchingPredictor(BatchingPredictorBuilder builder) {
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
    public static BatchingPredictorBuilder builder(LoRAModel model) {
        Objects.requireNonNull(model, "model must not be null");
        return new BatchingPredictorBuilder(model);
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
    public BatchingStats stats() {
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
}
