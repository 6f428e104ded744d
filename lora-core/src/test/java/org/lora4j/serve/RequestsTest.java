package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertSameBits;
import static org.lora4j.serve.BatchingPredictorTest.assertFailed;
import static org.lora4j.serve.BatchingPredictorTest.failure;
import static org.lora4j.serve.BatchingPredictorTest.inThread;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.ServingException.Reason;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Deadlines, cancellation, order, figures and failures of the requests of a predictor. */
@MustEnd
class RequestsTest {
    private static final RequestOptions SOON = RequestOptions.defaults().withTimeout(Duration.ofMillis(20));

    private final LoRAModel model = SmallModels.model();
    private final HeldBatches batches = new HeldBatches();
    private final INDArray row = SmallModels.input(1);
    private final Input x = Input.of(row);
    private final List<String> failures = new CopyOnWriteArrayList<>();

    /** Loads are held until they are let go. */
    private final CountDownLatch letGo = new CountDownLatch(1);

    @BeforeEach
    void addAdapters() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(5).build());
    }

    private BatchingPredictor held() {
        return BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .executor(task -> new Thread(task).start())
                .build();
    }

    private AdapterCache heldCache() {
        LoRAModel other = SmallModels.model();
        other.add("x", SmallModels.random(3).build());
        LoRAAdapter data = other.adapter("x");
        return AdapterCache.builder(model, (name, base, options) -> {
                    try {
                        letGo.await();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    return data;
                })
                .build();
    }

    @Test
    void aLateRequestIsNotComputed() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> late = predictor.predictAsync(x, "a", SOON);
            CompletableFuture<INDArray> lateInThread = inThread(() -> predictor.predict(x, "b", SOON));
            assertFailed(failure(late), Reason.LATE);
            assertFailed(failure(lateInThread), Reason.LATE);
            assertThat(failure(late)).hasMessage("the time of the request was over before it was computed");
            // The first batch is still held: both ended before a batch could end them.
            assertThat(batches.firstIsDone()).isFalse();
            assertThat(predictor.waitingCalls()).isZero();
            CompletableFuture<INDArray> good =
                    predictor.predictAsync(x, "a", RequestOptions.defaults().withTimeout(Duration.ofDays(100_000)));
            batches.release();
            assertSameBits(good.get(), model.using("a").predict(row));
            ServingStats.OfAdapter all = predictor.stats().all();
            assertThat(all.late()).isEqualTo(2);
            assertThat(all.failed()).isZero();
            assertThat(all.completed()).isEqualTo(2);
        }
        assertThat(batches.calls()).containsExactly(1, 1);
    }

    @Test
    void aRequestThatIsLateWhileItsAdapterIsLoadedEndsAndOthersGoOn() throws Exception {
        AdapterCache cache = heldCache();
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).adapters(cache).build()) {
            CompletableFuture<INDArray> slow = predictor.predictAsync(x, "slow");
            CompletableFuture<INDArray> late = predictor.predictAsync(x, "slow", SOON);
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(x, "slow", SOON))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.LATE));
            assertFailed(failure(late), Reason.LATE);
            CompletableFuture<INDArray> cancelled = predictor.predictAsync(x, "slow");
            assertThat(predictor.stats().all().waiting()).isEqualTo(2);
            assertThat(cancelled.cancel(true)).isTrue();
            assertThat(predictor.stats().all().waiting()).isEqualTo(1);
            assertSameBits(predictor.predict(row, "a"), model.using("a").predict(row));
            assertThat(slow).isNotDone();
            letGo.countDown();
            assertSameBits(slow.get(), model.using("slow").predict(row));
            assertThat(predictor.stats().all().cancelled()).isEqualTo(1);
            assertThat(predictor.stats().all().late()).isEqualTo(2);
        }
        // Nothing pins it any more.
        assertThat(cache.stats().adapters()).isEqualTo(1);
    }

    @Test
    void aCancelledRequestIsNotComputedAndFreesItsPlace() throws Exception {
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .maxWaitingRowsPerAdapter(1)
                .build()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> cancelled = predictor.predictAsync(x, "a");
            CompletableFuture<INDArray> rejected = predictor.predictAsync(x, "a");
            assertFailed(failure(rejected), Reason.ADAPTER_BUSY);
            assertThat(cancelled.cancel(false)).isTrue();
            CompletableFuture<INDArray> next = predictor.predictAsync(x, "a");
            batches.release();
            assertSameBits(next.get(), model.using("a").predict(row));
            assertThat(predictor.stats().adapter("a").rejected()).isZero();
            assertThat(predictor.stats().all().rejected()).isEqualTo(1);
        }
        assertThat(batches.calls()).containsExactly(1, 1);
    }

    /** With one row in a batch, the order of the batches is that of the requests. */
    @Test
    void adaptersTakeTurnsAndPriorityOrdersEachOfThem() throws Exception {
        List<String> order = new CopyOnWriteArrayList<>();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .listener(batches)
                .maxBatchRows(1)
                .executor(thread)
                .build()) {
            CompletableFuture<Void> holding = inThread(() -> {
                predictor.predict(row, LoRAModel.BASE);
                return null;
            });
            batches.awaitHeld();
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                String name = "a" + i;
                all.add(predictor
                        .predictAsync(x, "a", RequestOptions.defaults().withPriority(i))
                        .thenRun(() -> order.add(name)));
            }
            for (int i = 0; i < 2; i++) {
                String name = "b" + i;
                all.add(predictor.predictAsync(x, "b").thenRun(() -> order.add(name)));
            }
            batches.release();
            for (CompletableFuture<?> one : all) {
                one.get();
            }
            holding.get();
        } finally {
            thread.shutdown();
        }
        assertThat(order).containsExactly("a2", "b0", "a1", "b1", "a0");
    }

    @Test
    void theBaseIsNotServedUnlessItIsAllowed() throws Exception {
        try (BatchingPredictor predictor = BatchingPredictor.builder(model).build()) {
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(x, LoRAModel.BASE))
                    .withMessage("there is no adapter '__base__'")
                    .satisfies(e -> assertThat(e.getCause()).hasMessageContaining("set allowBase(true)"));
            assertFailed(failure(predictor.predictAsync(x, LoRAModel.BASE)), Reason.UNKNOWN_ADAPTER);
        }
    }

    /** What a client reads names no paths, layers, settings or other adapters. */
    @Test
    void theTextForClientsTellsNothingOfTheService() throws Exception {
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    throw new IOException("/secret/path/linear1.weight is damaged");
                })
                .retryDelay(Duration.ofDays(1), Duration.ofDays(1))
                .build();
        ServingListener listener = new ServingListener() {
            @Override
            public void onFailure(String adapter, Throwable failure) {
                failures.add(adapter + ": " + Failures.describe(failure));
            }
        };
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .adapters(cache)
                .listener(listener)
                .build()) {
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(x, "c"))
                    .withMessage("the adapter 'c' is not available now; try again later")
                    .satisfies(e -> assertThat(e.reason().isTemporary()).isTrue());
            Throwable second = failure(predictor.predictAsync(x, "c"));
            assertFailed(second, Reason.ADAPTER_UNAVAILABLE);
            assertThat(second.getCause()).hasMessageContaining("/secret/path");
            assertFailed(
                    failure(predictor.predictAsync(x, "../a\n\u202e" + "y".repeat(1_000))), Reason.UNKNOWN_ADAPTER);
            assertThat(failure(predictor.predictAsync(x, "../a\n\u202e" + "y".repeat(1_000)))
                            .getMessage())
                    .hasSizeLessThan(130)
                    .doesNotContain("\n", "\u202e");
            ServingStats.OfAdapter stats = predictor.stats().adapter("c");
            assertThat(stats.failed()).isEqualTo(2);
            // The second request came before the next try was due.
            assertThat(stats.failedLoads()).isEqualTo(1);
            assertThat(String.valueOf(stats.lastFailure())).contains("/secret/path");
        }
        assertThat(failures).hasSize(4).anyMatch(failure -> failure.startsWith("c: adapter 'c' could not be loaded"));
    }

    @Test
    void eachAdapterHasItsFigures() throws Exception {
        try (BatchingPredictor predictor = held()) {
            batches.hold(predictor);
            CompletableFuture<INDArray> one = predictor.predictAsync(SmallModels.input(3), "a");
            CompletableFuture<INDArray> other = predictor.predictAsync(SmallModels.input(2), "a");
            assertThat(predictor.stats().all().waiting()).isEqualTo(2);
            assertThat(predictor.stats().all().running()).isZero();
            batches.release();
            one.get();
            other.get();
            predictor.predict(row, "b");
            ServingStats stats = predictor.stats();
            ServingStats.OfAdapter a = stats.adapter("a");
            assertThat(a.state()).isEqualTo(ServingStats.OfAdapter.State.LOADED);
            assertThat(a.completed()).isEqualTo(2);
            assertThat(a.units()).isEqualTo(5);
            assertThat(a.waiting()).isZero();
            assertThat(a.running()).isZero();
            assertThat(a.bytes()).isEqualTo(model.residentBytes("a"));
            assertThat(a.queueNanos().count()).isEqualTo(2);
            assertThat(a.latencyNanos().max())
                    .isGreaterThanOrEqualTo(a.queueNanos().percentile(0));
            assertThat(a.lastFailure()).isNull();
            assertThat(stats.all().units()).isEqualTo(7);
            assertThat(stats.all().bytes()).isEqualTo(model.residentBytes("a") + model.residentBytes("b"));
            assertThat(stats.adapter("b").completed()).isEqualTo(1);
            assertThat(stats.adapters()).containsOnlyKeys("a", "b", LoRAModel.BASE, ServingStats.OTHERS);
        }
    }

    @Test
    void madeUpNamesAndFurtherAdaptersShareOneEntry() {
        for (int i = 0; i < 5; i++) {
            model.add("further" + i, SmallModels.random(i).build());
        }
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .adapters(heldCache())
                .maxNamesInStats(2)
                .build()) {
            letGo.countDown();
            for (int i = 0; i < 20; i++) {
                String name = "made/up" + i;
                assertThatExceptionOfType(ServingException.class).isThrownBy(() -> predictor.predict(x, name));
                assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> predictor.predict(Input.of(row.reshape(-1, 1)), name));
            }
            for (String name : List.of("a", "b", "further0", "further1")) {
                predictor.predict(row, name);
            }
            ServingStats stats = predictor.stats();
            assertThat(stats.adapters()).containsOnlyKeys("a", "b", ServingStats.OTHERS);
            ServingStats.OfAdapter others = stats.adapter(ServingStats.OTHERS);
            assertThat(others.completed()).isEqualTo(2);
            assertThat(others.failed()).isEqualTo(40);
            assertThat(others.bytes()).isEqualTo(5 * model.residentBytes("further0"));
        }
    }

    @Test
    void weightsAreThoseOfTheProgram() {
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .weights(adapter -> adapter.equals("a") ? -1 : 1)
                .build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> predictor.predict(x, "a"))
                    .withMessageContaining("found -1.0 for 'a'");
            assertSameBits(predictor.predict(row, "b"), model.using("b").predict(row));
        }
    }

    @Test
    void refusesATimeoutThatIsNotAboveZero() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RequestOptions.defaults().withTimeout(Duration.ZERO))
                .withMessage("timeout must be above 0, found PT0S");
    }

    @Test
    void rowsThatAreNotFiniteAffectNoOthersAndAreRefusedIfThatIsSet() {
        INDArray x = Nd4j.vstack(Nd4j.ones(DataType.FLOAT, 1, 6), Nd4j.zeros(DataType.FLOAT, 1, 6));
        INDArray bad = x.dup();
        bad.putScalar(1, 3, Float.NaN);
        try (BatchingPredictor computes = BatchingPredictor.builder(model).build();
                BatchingPredictor refuses =
                        BatchingPredictor.builder(model).requireFinite(true).build()) {
            INDArray y = computes.predict(bad, "a");
            assertSameBits(y.getRow(0, true), model.using("a").predict(x).getRow(0, true));
            assertThat(y.getRow(1, true).getDouble(0)).isNaN();
            assertSameBits(refuses.predict(x, "a"), computes.predict(x, "a"));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> refuses.predict(bad, "a"))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_INPUT))
                    .withStackTraceContaining("x: must be finite, found NaN or an infinity in row 1, column 3");
        }
    }
}
