package org.lora4j.serve;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.PredictionCall.Asked;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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
 * <p><b>Order.</b> Calls wait for each adapter of their own. A batch takes those of the adapters for which the least was computed
 * so far, in rows or tokens, so an adapter with very many calls delays its own calls only. An adapter that comes back starts at the
 * least count of those that wait, so it gets no credit for the time in which it had no calls. {@link Builder#weights} and {@link
 * RequestOptions#priority} change the order. A call whose adapter is being loaded delays no others.
 *
 * <p><b>Failures.</b> Each is a {@link ServingException}, whose message may be sent to a client. A call with an unknown adapter or an
 * input that does not fit fails alone. A call that comes when too many wait, of its adapter or in all, is rejected and can be tried
 * again later. A call that is late, or cancelled, before its batch begins is not computed. If the executor refuses a task, the
 * calls that wait for it fail.
 *
 * <p><b>Results.</b> Each call has the output of {@code model.using(adapter).predict(x)} up to rounding. A call that is
 * computed alone and as a whole has the same bits. In a batch, the last bits can depend on the number of rows and on their places in it,
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
    private final Admission<PredictionCall> admission;
    private final ServingRecorder recorder;
    private final BatchQueue queue;
    private final BatchRunner runner;
    private final boolean requiresFinite;
    private final int maxBatchRows;
    private final int maxBatchTokens;

    BatchingPredictor(Builder builder) {
        model = builder.model;
        requiresFinite = builder.requiresFinite;
        recorder = new ServingRecorder(model, builder.cache, builder.listener, builder.maxNames);
        FairQueue.Limits limits =
                FairQueue.Limits.of(builder.maxWaitingRowsPerAdapter, builder.maxWaitingRows, "rows", "maxWaitingRows");
        maxBatchRows = builder.maxBatchRows;
        maxBatchTokens = builder.maxBatchTokens;
        queue = new BatchQueue(
                maxBatchRows, maxBatchTokens, builder.maxWaitNanos, new FairQueue<>(limits, builder.weights));
        runner = new BatchRunner(queue, new BatchComputation(model, builder.alone), recorder, builder.executor);
        recorder.add(queue::callsByAdapter);
        admission = new Admission<>(model, builder.cache, builder.allowBase, recorder, runner);
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
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @param options how urgent the call is
     * @return a new array {@code [n, outputSize]} in 'c' order, with a row for each example, or for each token of sequences if
     *     there is no pooling
     * @throws ServingException if the input does not fit the base, there is no such adapter, it cannot be loaded, too much waits,
     *     the call is late, the predictor is closed, or the computation fails; {@link ServingException#reason} says which
     */
    public INDArray predict(Input x, String adapter, RequestOptions options) {
        return compute(x, new Asked(adapter, options, false, System.nanoTime())).output();
    }

    /**
     * Computes the output as {@link #predict(Input, String, RequestOptions)}, and says which adapter computed it. If adapters are replaced
     * while requests come, this tells with which of them.
     *
     * @param x rows of features or sequences of tokens; not written to. It must not be changed during the call
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @param options how urgent the call is
     * @return the output, and the name and the fingerprint of the adapter
     * @throws ServingException as {@link #predict(Input, String, RequestOptions)}
     */
    public Prediction prediction(Input x, String adapter, RequestOptions options) {
        return compute(x, new Asked(adapter, options, true, System.nanoTime()));
    }

    private Prediction compute(Input x, Asked asked) {
        Objects.requireNonNull(x, "x must not be null");
        List<Input> parts = admission.checked(asked.adapter(), () -> parts(x));
        if (parts.size() > 1) {
            return await(submitParts(parts, asked));
        }
        PredictionCall call = new PredictionCall(BatchComputation.readable(x), asked, null);
        admission.admit(List.of(call));
        admission.pin(call);
        return runner.compute(call);
    }

    /**
     * Computes the output as {@link #predict(Input, String, RequestOptions)}, with the default options.
     *
     * @param x rows of features or sequences of tokens; not written to. It must not be changed during the call
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @return a new array {@code [n, outputSize]} in 'c' order
     * @throws ServingException as {@link #predict(Input, String, RequestOptions)}
     */
    public INDArray predict(Input x, String adapter) {
        return predict(x, adapter, RequestOptions.defaults());
    }

    /**
     * Computes the output of rows as {@link #predict(Input, String)}.
     *
     * @param x the input {@code [n, inputSize]}; not written to. It must not be changed during the call
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @return a new array {@code [n, outputSize]} in 'c' order
     * @throws ServingException as {@link #predict(Input, String, RequestOptions)}
     */
    public INDArray predict(INDArray x, String adapter) {
        return predict(Input.of(x), adapter);
    }

    /**
     * Computes the output later, in a batch with other calls, without blocking the thread. The future is completed by the
     * executor, so an action that is added to it delays other futures: use {@code thenApplyAsync} for actions that take long.
     * A call whose future the program cancels, or completes itself, leaves the queue at once.
     *
     * @param x rows of features, which are copied, or sequences of tokens
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @param options how urgent the call is
     * @return a future of the output. It fails with the exceptions of {@link #predict(Input, String, RequestOptions)}
     */
    public CompletableFuture<INDArray> predictAsync(Input x, String adapter, RequestOptions options) {
        return submit(x, new Asked(adapter, options, false, System.nanoTime()), Prediction::output);
    }

    /**
     * Computes the output later as {@link #predictAsync(Input, String, RequestOptions)}, and says which adapter computed it.
     *
     * @param x rows of features, which are copied, or sequences of tokens
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @param options how urgent the call is
     * @return a future of the output, and of the name and the fingerprint of the adapter
     */
    public CompletableFuture<Prediction> predictionAsync(Input x, String adapter, RequestOptions options) {
        return submit(x, new Asked(adapter, options, true, System.nanoTime()), prediction -> prediction);
    }

    private <T> CompletableFuture<T> submit(Input x, Asked asked, Function<Prediction, T> form) {
        Objects.requireNonNull(x, "x must not be null");
        CompletableFuture<T> future = new CompletableFuture<>();
        PredictionCall call;
        try {
            List<Input> parts = admission.checked(asked.adapter(), () -> parts(x));
            if (parts.size() > 1) {
                return formed(submitParts(parts, asked), form);
            }
            call = new PredictionCall(BatchComputation.copy(x), asked, new PredictionTarget<>(future, form));
            admission.admit(List.of(call));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        admission.start(call, future);
        return future;
    }

    /** Starts the parts of a call, which all have a place or none. */
    private List<CompletableFuture<Prediction>> submitParts(List<Input> inputs, Asked asked) {
        CallParts all = new CallParts();
        List<CompletableFuture<Prediction>> futures = new ArrayList<>();
        List<PredictionCall> calls = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            CompletableFuture<Prediction> future = new CompletableFuture<>();
            futures.add(future);
            calls.add(new PredictionCall(
                    inputs.get(i),
                    asked,
                    new PredictionTarget<>(future, prediction -> prediction),
                    new CallParts.Part(all, i, inputs.size())));
        }
        admission.admit(calls);
        for (int i = 0; i < calls.size(); i++) {
            admission.start(calls.get(i), futures.get(i));
        }
        // Without one of them the others are of no use.
        futures.forEach(future -> {
            CompletableFuture<Prediction> unused = future.whenComplete((prediction, failure) -> {
                if (failure != null) {
                    futures.forEach(other -> other.cancel(false));
                }
            });
        });
        return futures;
    }

    /** Waits for all parts. An interrupt does not end the wait. */
    private static Prediction await(List<CompletableFuture<Prediction>> parts) {
        RuntimeException first = null;
        List<Prediction> predictions = new ArrayList<>();
        for (CompletableFuture<Prediction> part : parts) {
            try {
                predictions.add(part.join());
            } catch (CompletionException | CancellationException e) {
                if (e.getCause() instanceof Error error) {
                    throw error;
                }
                RuntimeException failure = e.getCause() instanceof RuntimeException cause ? cause : e;
                // The failure of one part cancels the others.
                first = first == null || first instanceof CancellationException ? failure : first;
            }
        }
        if (first != null) {
            throw first;
        }
        return joined(predictions);
    }

    private static <T> CompletableFuture<T> formed(
            List<CompletableFuture<Prediction>> parts, Function<Prediction, T> form) {
        CompletableFuture<T> whole = CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .handle((none, failure) -> form.apply(await(parts)));
        CompletableFuture<T> result = new CompletableFuture<>();
        CompletableFuture<T> unusedWhole = whole.whenComplete((value, failure) -> {
            if (failure == null) {
                result.complete(value);
            } else {
                result.completeExceptionally(
                        failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure);
            }
        });
        CompletableFuture<T> unused = result.whenComplete((value, failure) -> {
            if (failure != null) {
                parts.forEach(part -> part.cancel(false));
            }
        });
        return result;
    }

    private static Prediction joined(List<Prediction> parts) {
        INDArray[] outputs = parts.stream().map(Prediction::output).toArray(INDArray[]::new);
        INDArray first = outputs[0];
        int rows = Arrays.stream(outputs).mapToInt(INDArray::rows).sum();
        INDArray all = Nd4j.createUninitializedDetached(first.dataType(), 'c', rows, first.size(1));
        ArrayMemory target = new ArrayMemory(all);
        int width = (int) first.size(1);
        int at = 0;
        for (INDArray output : outputs) {
            new ArrayMemory(output).copy(0, target, at * width, output.rows() * width);
            at += output.rows();
        }
        return new Prediction(all, parts.get(0).adapter());
    }

    /**
     * Computes the output later as {@link #predictAsync(Input, String, RequestOptions)}, with the default options.
     *
     * @param x rows of features, which are copied, or sequences of tokens
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @return a future of a new array {@code [n, outputSize]} in 'c' order
     */
    public CompletableFuture<INDArray> predictAsync(Input x, String adapter) {
        return predictAsync(x, adapter, RequestOptions.defaults());
    }

    /**
     * Computes the output of rows later, as {@link #predictAsync(Input, String)}.
     *
     * @param x the input {@code [n, inputSize]}, which is copied
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone if that is allowed
     * @return a future of a new array {@code [n, outputSize]} in 'c' order
     */
    public CompletableFuture<INDArray> predictAsync(INDArray x, String adapter) {
        return predictAsync(Input.of(x), adapter);
    }

    /** Checks an input, and divides it. */
    private List<Input> parts(Input x) {
        requireFits(x);
        return CallParts.divide(x, maxBatchRows, maxBatchTokens);
    }

    private void requireFits(Input x) {
        try {
            Inputs.requirePredictable(x, model.network().stack());
            if (requiresFinite && x instanceof FeatureRows rows) {
                requireFinite(rows.array());
            }
        } catch (IllegalArgumentException e) {
            throw Failures.invalidInput(model.network().stack(), e);
        }
    }

    private static void requireFinite(INDArray x) {
        long position = ArrayBits.firstNonFinite(x);
        if (position >= 0) {
            throw new IllegalArgumentException("x: must be finite, found NaN or an infinity in row "
                    + position / x.size(1) + ", column " + position % x.size(1));
        }
    }

    /** What counts the requests, of other services of the model too. */
    ServingRecorder recorder() {
        return recorder;
    }

    /** The number of calls that wait for the next batch. */
    int waitingCalls() {
        return queue.waitingCalls();
    }

    /**
     * Returns whether no call waits or is computed. It is cheap: work that must let them go first can ask often.
     *
     * @return false from when a call is accepted until it has ended
     */
    public boolean isIdle() {
        return admission.isIdle();
    }

    /**
     * Returns what happened so far.
     *
     * @return the figures of each adapter and of all. To count them costs next to nothing
     */
    public ServingStats stats() {
        return recorder.stats();
    }

    /**
     * Rejects all later calls, and waits until those that were accepted have ended. The executor and the adapters stay as they
     * are. An interrupt ends the wait, and the thread stays interrupted. An action of a future, the listeners, and the source of
     * the cache can close the predictor; they do not wait.
     */
    @Override
    public void close() {
        admission.close(Request.LONGEST);
    }

    /**
     * Closes the predictor as {@link #close()}, but does not wait longer than a time. Then calls that wait fail with {@link
     * ServingException.Reason#CLOSED}; a batch that is being computed ends.
     *
     * @param timeout the longest wait; zero waits for the batch that is being computed only
     * @throws IllegalArgumentException if it is negative
     */
    public void close(Duration timeout) {
        admission.close(timeout);
    }

    /** Builds a {@link BatchingPredictor}. */
    public static final class Builder {
        private static final int DEFAULT_BATCH_ROWS = 64;
        /** A product of so many rows is about as fast as a larger one. */
        private static final int DEFAULT_BATCH_TOKENS = 1024;

        private static final int DEFAULT_WAITING_ROWS = 1024;
        private static final long DEFAULT_WAIT_NANOS = 2_000_000;

        /** Of two distributions of 8 KB each. */
        private static final int DEFAULT_NAMES = 100;

        final LoRAModel model;

        @Nullable
        AdapterCache cache;

        @Nullable
        EffectiveLayers alone;

        int maxBatchRows = DEFAULT_BATCH_ROWS;
        int maxBatchTokens = DEFAULT_BATCH_TOKENS;
        int maxWaitingRows = DEFAULT_WAITING_ROWS;
        int maxWaitingRowsPerAdapter;
        int maxNames = DEFAULT_NAMES;
        boolean allowBase;
        boolean requiresFinite;
        ToDoubleFunction<String> weights = adapter -> 1;
        long maxWaitNanos = DEFAULT_WAIT_NANOS;
        Executor executor = ForkJoinPool.commonPool();
        ServingListener listener = new ServingListener() {};

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
            cache = adapters.requireOf(model);
            return this;
        }

        /**
         * Sets how many rows or sequences a batch has at most. A call with more rows is a batch of its own; one with more sequences is
         * divided.
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
         * Sets how many tokens a batch has at most, because a batch takes as long as it has tokens, and those that come meanwhile wait
         * for it. A call with more is divided: its parts are computed in batches of their turn, with the state of the model at the first
         * one. A single sequence with more is a batch of its own.
         *
         * @param tokens the number of tokens, at least 1; 1024 by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxBatchTokens(int tokens) {
            maxBatchTokens = requirePositive("maxBatchTokens", tokens);
            return this;
        }

        /**
         * Sets from how many waiting rows or sequences on all calls are rejected. Calls whose adapter is being loaded are counted,
         * and those that are being computed are not. While fewer rows wait, a call of any size is accepted, so the rows that wait
         * can exceed the number by those of one call.
         *
         * @param rows the number of rows, at least 1; 1024 by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxWaitingRows(int rows) {
            maxWaitingRows = requirePositive("maxWaitingRows", rows);
            return this;
        }

        /**
         * Sets from how many waiting rows or sequences of an adapter on calls of this adapter are rejected, counted as for {@link
         * #maxWaitingRows}. So one adapter does not take the places of all.
         *
         * @param rows the number of rows, at least 1; a quarter of {@link #maxWaitingRows} by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxWaitingRowsPerAdapter(int rows) {
            maxWaitingRowsPerAdapter = requirePositive("maxWaitingRowsPerAdapter", rows);
            return this;
        }

        /**
         * Sets how much of the computation an adapter gets while others wait too. With twice the weight it gets twice as many rows
         * or tokens.
         *
         * @param ofAdapter returns the weight of an adapter, above 0 and finite; 1 for each by default. It must be fast, and is
         *     called by the threads of the calls, one after the other
         * @return this builder
         */
        public Builder weights(ToDoubleFunction<String> ofAdapter) {
            weights = Objects.requireNonNull(ofAdapter, "ofAdapter must not be null");
            return this;
        }

        /**
         * Sets whether calls may name {@value LoRAModel#BASE} to use the base alone. If a client chooses the name, it could
         * otherwise use the base without an adapter.
         *
         * @param allowed false by default
         * @return this builder
         */
        public Builder allowBase(boolean allowed) {
            allowBase = allowed;
            return this;
        }

        /**
         * Lets calls name {@value LoRAModel#BASE} to use the model alone, with another end than that of the model: one that serves
         * adapters with ends of their own, see {@link AdapterSource#read}.
         *
         * @param end a network of the same {@link org.lora4j.nn.transformer.PretrainedModel}
         * @return this builder
         * @throws IllegalArgumentException if it is that of another model
         */
        public Builder allowBase(Network end) {
            alone = model.alone(Objects.requireNonNull(end, "end must not be null"));
            return allowBase(true);
        }

        /**
         * Sets whether a call whose rows have NaN or an infinity is refused. Otherwise it is computed: the outputs of such a row are
         * NaN or infinite in most models, and those of all other rows are what they are without it. Tokens are always finite.
         *
         * @param required false by default; true costs a reading of each input
         * @return this builder
         */
        public Builder requireFinite(boolean required) {
            requiresFinite = required;
            return this;
        }

        /**
         * Sets for how many adapters there are {@linkplain ServingStats#adapters figures of their own}: those that are used
         * first.
         *
         * @param names the number of adapters, at least 1; 100 by default. Each takes about 16 KB
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxNamesInStats(int names) {
            maxNames = requirePositive("maxNamesInStats", names);
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
        public Builder listener(ServingListener events) {
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
}
