package org.lora4j.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.PredictionCall.Asked;
import org.lora4j.serve.ServingException.Reason;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A predictor that computes calls together. */
@MustEnd
@Tag("numbers")
class BatchingPredictorTest {
    private static final String BASE = LoRAModel.BASE;

    private final LoRAModel model = SmallModels.model();
    private final HeldBatches batches = new HeldBatches();

    @BeforeEach
    void addAdapters() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(5).build());
        model.add("biases", SmallModels.random(3).bias(BiasTraining.ALL).build());
        model.add("dora", LoRAConfig.builder().rank(2).alpha(3).dora(true).build());
        for (String name : List.of("biases", "dora")) {
            model.parameters(name).forEach(parameter -> parameter.value().muli(1.5));
        }
    }

    private BatchingPredictor held() {
        return BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .build();
    }

    private INDArray alone(INDArray x, String adapter) {
        return (adapter.equals(BASE) ? model.base() : model.using(adapter)).predict(x);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b", "biases", "dora", BASE})
    void aCallThatIsAloneHasTheBitsOfTheView(String adapter) throws Exception {
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).build()) {
            for (int rows : new int[] {1, 5, 100}) {
                INDArray x = SmallModels.input(rows);
                assertSameBits(predictor.predict(x, adapter), alone(x, adapter));
                assertSameBits(predictor.predictAsync(x, adapter).get(), alone(x, adapter));
            }
        }
    }

    @Test
    void aCloseWithATimeFailsTheCallsThatWait() throws Exception {
        BatchingPredictor predictor = held();
        batches.hold(predictor);
        CompletableFuture<INDArray> waiting = predictor.predictAsync(SmallModels.input(1), "a");
        Thread closing = new Thread(() -> predictor.close(Duration.ZERO));
        closing.start();
        Patience.await(() -> predictor.waitingCalls() == 0);
        batches.release();
        closing.join();
        assertFailed(failure(waiting), Reason.CLOSED);
        assertThat(batches.firstIsDone()).isTrue();
        assertFailed(failure(predictor.predictAsync(SmallModels.input(1), "a")), Reason.CLOSED);
        assertThatIllegalArgumentException().isThrownBy(() -> predictor.close(Duration.ofMillis(-1)));
    }

    @Test
    void callsThatComeDuringABatchFormTheNextOne() throws Exception {
        List<String> names = List.of("b", "a", BASE, "dora", "a", "biases", "b", "a");
        List<INDArray> inputs = new ArrayList<>();
        List<CompletableFuture<INDArray>> futures = new ArrayList<>();
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            for (int i = 0; i < names.size(); i++) {
                inputs.add(SmallModels.input(DataType.FLOAT, 1 + i % 3, i));
                futures.add(predictor.predictAsync(inputs.get(i), names.get(i)));
            }
            assertThat(batches.firstIsDone()).isFalse();
            batches.release();
            for (int i = 0; i < names.size(); i++) {
                assertClose(futures.get(i).get(), alone(inputs.get(i), names.get(i)), 1e-5);
            }
        }
        assertThat(batches.calls()).containsExactly(1, names.size());
    }

    @Test
    void callsOfOneAdapterAreComputedTogether() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            INDArray x = SmallModels.input(3);
            CompletableFuture<INDArray> one = predictor.predictAsync(x.getRow(0, true), "dora");
            CompletableFuture<INDArray> two = predictor.predictAsync(x.get(NDArrayIndex.interval(1, 3)), "dora");
            batches.release();
            INDArray expected = alone(x, "dora");
            assertSameBits(one.get(), expected.getRow(0, true));
            assertSameBits(two.get(), expected.get(NDArrayIndex.interval(1, 3)));
        }
    }

    @Test
    void aBatchHasAtMostTheGivenRowsAndALargerCallIsABatchOfItsOwn() throws Exception {
        List<CompletableFuture<INDArray>> futures = new ArrayList<>();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .maxBatchRows(4)
                .build()) {
            batches.hold(predictor);
            for (int rows : new int[] {2, 2, 1, 3, 9, 1}) {
                futures.add(predictor.predictAsync(SmallModels.input(rows), "a"));
            }
            batches.release();
            for (CompletableFuture<INDArray> future : futures) {
                assertClose(
                        future.get(), alone(SmallModels.input((int) future.get().size(0)), "a"), 1e-5);
            }
        }
        assertThat(batches.calls()).containsExactly(1, 2, 2, 1, 1);
    }

    @Test
    void inputsInAnyOrderAndViewsGiveTheSame() throws Exception {
        INDArray x = SmallModels.input(4);
        INDArray wide = Nd4j.zeros(DataType.FLOAT, 6, 2L * SmallModels.IN);
        INDArray view = wide.get(NDArrayIndex.interval(1, 5), NDArrayIndex.interval(0, 2, 2L * SmallModels.IN));
        view.assign(x);
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            List<CompletableFuture<INDArray>> results = new ArrayList<>();
            for (INDArray input : List.of(x, x.dup('f'), view)) {
                results.add(inThread(() -> predictor.predict(input, "a")));
                results.add(predictor.predictAsync(input, "a"));
            }
            INDArray repeated = x.getRow(0, true).broadcast(4, SmallModels.IN);
            CompletableFuture<INDArray> ofRepeated = inThread(() -> predictor.predict(repeated, "a"));
            awaitCalls(predictor, 7);
            batches.release();
            for (CompletableFuture<INDArray> result : results) {
                assertClose(result.get(), alone(x, "a"), 1e-5);
            }
            assertClose(ofRepeated.get(), alone(repeated.dup('c'), "a"), 1e-5);
        }
    }

    @Test
    void worksInDouble() throws Exception {
        LoRAModel doubles = LoRAModel.of(SmallModels.network(DataType.DOUBLE, 1));
        doubles.add("a", SmallModels.random(1).build());
        doubles.add("b", SmallModels.random(2).rank(4).build());
        INDArray x = SmallModels.input(DataType.DOUBLE, 3, 5);
        try (BatchingPredictor predictor = BatchingPredictor.builder(doubles)
                .allowBase(true)
                .listener(batches)
                .build()) {
            CompletableFuture<INDArray> first = predictor.predictAsync(x, BASE);
            CompletableFuture<INDArray> a = predictor.predictAsync(x, "a");
            CompletableFuture<INDArray> b = predictor.predictAsync(x, "b");
            batches.release();
            assertClose(first.get(), doubles.base().predict(x), 1e-12);
            assertClose(a.get(), doubles.using("a").predict(x), 1e-12);
            assertClose(b.get(), doubles.using("b").predict(x), 1e-12);
        }
    }

    @Test
    void anAsynchronousInputCanBeChangedAtOnce() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            INDArray x = SmallModels.input(2);
            CompletableFuture<INDArray> future = predictor.predictAsync(x, "a");
            x.assign(Double.NaN);
            batches.release();
            assertClose(future.get(), alone(SmallModels.input(2), "a"), 1e-5);
        }
    }

    @Test
    void resultsAndInputsBelongToNoWorkspace() throws Exception {
        WorkspaceConfiguration configuration =
                WorkspaceConfiguration.builder().initialSize(1 << 20).build();
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> future;
            CompletableFuture<INDArray> waiting = inThread(() -> {
                try (MemoryWorkspace open =
                        Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "of a caller")) {
                    assertThat(open.isScopeActive()).isTrue();
                    return predictor.predict(SmallModels.input(2).dup(), "dora");
                }
            });
            try (MemoryWorkspace open =
                    Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "of another caller")) {
                INDArray x = Nd4j.create(DataType.FLOAT, 2, SmallModels.IN).assign(SmallModels.input(2));
                assertThat(x.isAttached()).isTrue();
                assertThat(open.isScopeActive()).isTrue();
                future = predictor.predictAsync(x, "a");
            }
            awaitCalls(predictor, 2);
            batches.release();
            assertThat(future.get().isAttached()).isFalse();
            assertThat(waiting.get().isAttached()).isFalse();
            assertClose(future.get(), alone(SmallModels.input(2), "a"), 1e-5);
            assertClose(waiting.get(), alone(SmallModels.input(2), "dora"), 1e-5);
        }
    }

    @Test
    void theResultOfACallThatIsAloneBelongsToNoWorkspace() {
        WorkspaceConfiguration configuration =
                WorkspaceConfiguration.builder().initialSize(1 << 20).build();
        INDArray y;
        try (BatchingPredictor predictor =
                        BatchingPredictor.builder(model).allowBase(true).build();
                MemoryWorkspace open =
                        Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "of a lonely caller")) {
            y = predictor.predict(SmallModels.input(2).dup(), "a");
            assertThat(y.isAttached()).isFalse();
            assertThat(Nd4j.create(1).isAttached()).isTrue();
            assertThat(open.isScopeActive()).isTrue();
        }
        assertClose(y, alone(SmallModels.input(2), "a"), 1e-5);
    }

    @Test
    void aCallWithAnUnknownAdapterOrAWrongInputFailsAlone() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> good = predictor.predictAsync(SmallModels.input(1), "a");
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(SmallModels.input(1), "nobody"))
                    .withMessage("there is no adapter 'nobody'")
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNKNOWN_ADAPTER));
            assertFailed(failure(predictor.predictAsync(SmallModels.input(1), "nobody")), Reason.UNKNOWN_ADAPTER);
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(Nd4j.zeros(DataType.FLOAT, 1, 5), "a"))
                    .withMessage("the input does not fit the model, which takes rows of 6 numbers of the type FLOAT")
                    .satisfies(e -> assertThat(e.getCause()).hasMessageContaining("input: must be a matrix [n, 6]"))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_INPUT));
            assertFailed(
                    failure(predictor.predictAsync(SmallModels.input(DataType.DOUBLE, 1, 1), "a")),
                    Reason.INVALID_INPUT);
            batches.release();
            assertClose(good.get(), alone(SmallModels.input(1), "a"), 1e-5);
            assertThat(predictor.stats().all().failed()).isEqualTo(4);
        }
    }

    @Test
    void aCallWhoseAdapterIsDeletedWhileItWaitsFailsAlone() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> deleted = predictor.predictAsync(SmallModels.input(1), "b");
            CompletableFuture<INDArray> good = predictor.predictAsync(SmallModels.input(1), "a");
            model.delete("b");
            batches.release();
            assertThat(failure(deleted)).hasMessage("there is no adapter 'b'");
            assertClose(good.get(), alone(SmallModels.input(1), "a"), 1e-5);
        }
    }

    @Test
    void aCallThatMakesItsBatchFailFailsAlone() throws Exception {
        CompletableFuture<INDArray> good = new CompletableFuture<>();
        CompletableFuture<INDArray> bad = new CompletableFuture<>();
        INDArray tooNarrow = Nd4j.zeros(DataType.FLOAT, 1, 1);
        List<PredictionCall> calls = List.of(
                new PredictionCall(
                        Input.of(tooNarrow),
                        new Asked("a", RequestOptions.defaults(), false, 0),
                        new PredictionTarget<>(bad, Prediction::output)),
                new PredictionCall(
                        Input.of(SmallModels.input(1)),
                        new Asked("b", RequestOptions.defaults(), false, 0),
                        new PredictionTarget<>(good, Prediction::output)));
        new BatchComputation(model, null).compute(calls);
        calls.forEach(PredictionCall::end);
        assertClose(good.get(), alone(SmallModels.input(1), "b"), 1e-5);
        assertFailed(failure(bad), Reason.INTERNAL);
        assertThat(failure(bad)).hasCauseInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aCallSeesAReplacementThatWasMadeBeforeItsBatchBegan() throws Exception {
        LoRAModel other = SmallModels.model();
        other.add("a", SmallModels.random(9).rank(3).build());
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> future = predictor.predictAsync(SmallModels.input(1), "a");
            model.replace("a", other.adapter("a"));
            batches.release();
            assertSameBits(future.get(), other.using("a").predict(SmallModels.input(1)));
        }
    }

    @Test
    void callsAreRejectedWhileTooManyRowsWait() throws Exception {
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .maxWaitingRows(3)
                .maxWaitingRowsPerAdapter(3)
                .build()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> first = predictor.predictAsync(SmallModels.input(2), "a");
            CompletableFuture<INDArray> second = predictor.predictAsync(SmallModels.input(1), "a");
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(SmallModels.input(1), "a"))
                    .withMessage("too many requests wait; try again later")
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.SERVICE_BUSY))
                    .satisfies(e -> assertThat(e.getCause())
                            .hasMessage("a request is accepted while fewer than 3 rows wait in all, found 3; send fewer"
                                    + " requests at once, or set maxWaitingRows"));
            assertFailed(failure(predictor.predictAsync(SmallModels.input(2), "b")), Reason.SERVICE_BUSY);
            batches.release();
            assertClose(first.get(), alone(SmallModels.input(2), "a"), 1e-5);
            assertClose(second.get(), alone(SmallModels.input(1), "a"), 1e-5);
            assertClose(predictor.predict(SmallModels.input(9), "a"), alone(SmallModels.input(9), "a"), 1e-5);
            assertThat(predictor.stats().all().rejected()).isEqualTo(2);
            assertThat(batches.rejected()).containsExactly("a", "b");
        }
    }

    @Test
    void aCallOfManyRowsIsAcceptedWhileOthersWait() throws Exception {
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .maxWaitingRows(3)
                .maxWaitingRowsPerAdapter(3)
                .build()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> small = predictor.predictAsync(SmallModels.input(2), "a");
            CompletableFuture<INDArray> large = predictor.predictAsync(SmallModels.input(200), "b");
            assertThat(failure(predictor.predictAsync(SmallModels.input(1), "a"))
                            .getCause())
                    .hasMessageContaining("found 202");
            batches.release();
            assertClose(small.get(), alone(SmallModels.input(2), "a"), 1e-5);
            assertClose(large.get(), alone(SmallModels.input(200), "b"), 1e-5);
        }
    }

    @Test
    void closeRejectsLaterCallsAndWaitsForTheAcceptedOnes() throws Exception {
        BatchingPredictor predictor = held();
        batches.hold(predictor);
        CompletableFuture<INDArray> future = predictor.predictAsync(SmallModels.input(1), "a");
        CompletableFuture<INDArray> waiting = inThread(() -> predictor.predict(SmallModels.input(1), "b"));
        awaitCalls(predictor, 2);
        CountDownLatch closing = new CountDownLatch(1);
        CompletableFuture<Void> close = inThread(() -> {
            closing.countDown();
            predictor.close();
            return null;
        });
        closing.await();
        while (!failure(predictor.predictAsync(SmallModels.input(1), "a"), "not closed yet")
                .contains("the service is closed")) {
            Thread.onSpinWait();
        }
        assertThat(close).isNotDone();
        batches.release();
        close.get();
        assertThat(future).isDone();
        assertClose(future.get(), alone(SmallModels.input(1), "a"), 1e-5);
        assertClose(waiting.get(), alone(SmallModels.input(1), "b"), 1e-5);
        predictor.close();
    }

    @Test
    void anActionOfAFutureCanCloseThePredictor() throws Exception {
        BatchingPredictor predictor = held();
        batches.hold(predictor);
        List<CompletableFuture<Void>> actions = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            actions.add(predictor.predictAsync(SmallModels.input(1), "a").thenAccept(y -> predictor.close()));
        }
        batches.release();
        for (CompletableFuture<Void> action : actions) {
            action.get();
        }
    }

    @Test
    void aCancelledFutureIsNotComputed() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> cancelled = predictor.predictAsync(SmallModels.input(1), "a");
            CompletableFuture<INDArray> good = predictor.predictAsync(SmallModels.input(1), "b");
            assertThat(cancelled.cancel(false)).isTrue();
            assertThat(predictor.waitingCalls()).isEqualTo(1);
            batches.release();
            assertSameBits(good.get(), alone(SmallModels.input(1), "b"));
            assertThat(predictor.stats().all().cancelled()).isEqualTo(1);
            assertThat(predictor.stats().all().failed()).isZero();
        }
    }

    @Test
    void anInterruptedThreadGetsItsOutputAndStaysInterrupted() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            AtomicReference<Thread> caller = new AtomicReference<>();
            CompletableFuture<Boolean> interrupted = inThread(() -> {
                caller.set(Thread.currentThread());
                INDArray y = predictor.predict(SmallModels.input(1), "a");
                return Thread.currentThread().isInterrupted()
                        && SmallModels.sameBits(y, alone(SmallModels.input(1), "a"));
            });
            awaitCalls(predictor, 1);
            requireNonNull(caller.get()).interrupt();
            batches.release();
            assertThat(interrupted.get()).isTrue();
        }
    }

    @Test
    void aListenerThatFailsHasNoEffect() {
        ServingListener failing = new ServingListener() {
            @Override
            public void onBatch(int calls, long rows, long nanos) {
                throw new IllegalStateException("of the listener");
            }
        };
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(failing)
                .build()) {
            INDArray x = SmallModels.input(1);
            assertSameBits(predictor.predict(x, "a"), alone(x, "a"));
        }
    }

    @Test
    void countsCallsRowsAndBatches() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> first = predictor.predictAsync(SmallModels.input(2), "a");
            CompletableFuture<INDArray> last = predictor.predictAsync(SmallModels.input(3), "b");
            batches.release();
            first.get();
            last.get();
            ServingStats stats = predictor.stats();
            assertThat(stats.all().completed()).isEqualTo(3);
            assertThat(stats.batchRequests().count()).isEqualTo(2);
            assertThat(stats.batchUnits().max()).isEqualTo(5);
            assertThat(stats.batchUnits().sum()).isEqualTo(6);
            assertThat(stats.batchRequests().max()).isEqualTo(2);
            assertThat(stats.batchNanos().max()).isPositive();
            assertThat(stats.all().latencyNanos().max())
                    .isGreaterThanOrEqualTo(stats.batchNanos().percentile(0));
            assertThat(stats.all().failed()).isZero();
            assertThat(stats.all().rejected()).isZero();
        }
    }

    @TestFactory
    List<DynamicTest> refusesSettingsOutOfBounds() {
        BatchingPredictor.Builder builder = BatchingPredictor.builder(model);
        return table(
                argument(() -> builder.maxBatchRows(0)).says("maxBatchRows must be at least 1, found 0"),
                argument(() -> builder.maxWaitingRows(0)).says("maxWaitingRows must be at least 1, found 0"),
                argument(() -> builder.maxWait(Duration.ofSeconds(-1)))
                        .says("maxWait must be from 0 to a minute, found PT-1S"),
                argument(() -> builder.adapters(AdapterCache.builder(SmallModels.model(), Path.of("adapters"))
                                .build()))
                        .contains("the cache must load into the model of the service"));
    }

    static void assertFailed(Throwable failure, Reason reason) {
        assertThat(failure).isInstanceOf(ServingException.class);
        assertThat(((ServingException) failure).reason()).isEqualTo(reason);
    }

    /** Runs a task in a thread of its own. */
    static <T> CompletableFuture<T> inThread(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, command -> new Thread(command).start());
    }

    static void awaitCalls(BatchingPredictor predictor, int calls) {
        while (predictor.waitingCalls() < calls) {
            Thread.onSpinWait();
        }
    }

    static Throwable failure(CompletableFuture<?> future) {
        try {
            Object value = future.get();
            throw new AssertionError("must fail, found " + value);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            return requireNonNull(e.getCause());
        }
    }

    /** The message of a future that has failed by now, or another text. */
    private static String failure(CompletableFuture<?> future, String other) {
        return future.isCompletedExceptionally()
                ? String.valueOf(failure(future).getMessage())
                : other;
    }
}
