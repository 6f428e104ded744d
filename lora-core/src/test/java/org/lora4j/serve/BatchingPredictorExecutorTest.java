package org.lora4j.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;
import static org.lora4j.serve.BatchingPredictorTest.failure;
import static org.lora4j.serve.BatchingPredictorTest.inThread;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.fixtures.MustEnd;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a predictor does with an executor that refuses, fails, or runs tasks in the calling thread. */
@MustEnd
class BatchingPredictorExecutorTest {
    /** Several times as many as a thread computes inside one another. */
    private static final int BATCHES = 200;

    private final LoRAModel model = SmallModels.model();

    @BeforeEach
    void addAdapters() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(5).build());
    }

    private INDArray alone(INDArray x, String adapter) {
        return model.using(adapter).predict(x);
    }

    @Test
    void aThreadThatWaitsComputesWhenTheExecutorDoesNot() throws Exception {
        ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .executor(tasks::add)
                .build();
        INDArray x = SmallModels.input(2);
        CompletableFuture<INDArray> future = predictor.predictAsync(x, "a");
        assertThat(tasks).hasSize(1);
        assertClose(predictor.predict(x, "b"), alone(x, "b"), 1e-5);
        assertThat(predictor.stats().batchRequests().count()).isEqualTo(1);
        assertThat(future).isNotDone();
        tasks.forEach(Runnable::run);
        assertClose(future.get(), alone(x, "a"), 1e-5);
        predictor.close();
    }

    @Test
    void callsThatTheExecutorRefusesFailAndTheOthersGoOn() {
        Executor refusing = task -> {
            throw new RejectedExecutionException("shut down");
        };
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .executor(refusing)
                .build()) {
            assertThat(failure(predictor.predictAsync(SmallModels.input(1), "a")))
                    .isInstanceOf(ServingException.class)
                    .cause()
                    .hasMessage("shut down");
            INDArray x = SmallModels.input(1);
            assertSameBits(predictor.predict(x, "a"), alone(x, "a"));
        }
    }

    @Test
    void anErrorOfTheExecutorFailsItsCallsAndTheOthersGoOn() throws Exception {
        AtomicInteger tasks = new AtomicInteger();
        Executor failing = task -> {
            if (tasks.getAndIncrement() == 0) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            new Thread(task).start();
        };
        INDArray x = SmallModels.input(1);
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .executor(failing)
                .build()) {
            assertThat(failure(predictor.predictAsync(x, "a")))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("unable to create native thread");
            assertClose(predictor.predictAsync(x, "a").get(), alone(x, "a"), 1e-5);
            assertThat(predictor.stats().all().failed()).isEqualTo(1);
        }
    }

    /** Another thread makes a call during each batch, so the executor gets the next batch inside of the last one. */
    @Test
    void anExecutorThatRunsTasksInTheCallingThreadDoesNotFillTheStack() throws Exception {
        INDArray x = SmallModels.input(1);
        Queue<CompletableFuture<INDArray>> futures = new ConcurrentLinkedQueue<>();
        List<Long> depths = new ArrayList<>();
        AtomicReference<BatchingPredictor> predictor = new AtomicReference<>();
        ExecutorService other = Executors.newSingleThreadExecutor();
        ServingListener calling = new ServingListener() {
            @Override
            public void onBatch(int calls, long rows, long nanos) {
                depths.add(StackWalker.getInstance().walk(Stream::count));
                if (depths.size() <= BATCHES) {
                    CompletableFuture.runAsync(
                                    () -> futures.add(
                                            requireNonNull(predictor.get()).predictAsync(x, "a")),
                                    other)
                            .join();
                }
            }
        };
        try (BatchingPredictor inline = BatchingPredictor.builder(model)
                .allowBase(true)
                .executor(Runnable::run)
                .listener(calling)
                .build()) {
            predictor.set(inline);
            assertSameBits(inline.predictAsync(x, "a").get(), alone(x, "a"));
        } finally {
            other.shutdown();
        }
        assertThat(futures).hasSize(BATCHES);
        assertThat(Collections.max(depths.subList(BATCHES / 2, BATCHES)))
                .as("frames of the stack in later batches")
                .isLessThanOrEqualTo(Collections.max(depths.subList(0, BATCHES / 2)));
        for (CompletableFuture<INDArray> future : futures) {
            assertSameBits(future.get(), alone(x, "a"));
        }
    }

    @Test
    void callersThatRunRefusedTasksAnswerAllCalls() throws Exception {
        ThreadPoolExecutor full = new ThreadPoolExecutor(
                1, 1, 1, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1), new ThreadPoolExecutor.CallerRunsPolicy());
        INDArray x = SmallModels.input(1);
        List<CompletableFuture<List<CompletableFuture<INDArray>>>> callers = new ArrayList<>();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .executor(full)
                .maxWaitingRows(100_000)
                .maxWaitingRowsPerAdapter(100_000)
                .build()) {
            for (int i = 0; i < 8; i++) {
                callers.add(inThread(() -> {
                    List<CompletableFuture<INDArray>> futures = new ArrayList<>();
                    for (int call = 0; call < 1_000; call++) {
                        futures.add(predictor.predictAsync(x, call % 2 == 0 ? "a" : "b"));
                    }
                    return futures;
                }));
            }
            for (CompletableFuture<List<CompletableFuture<INDArray>>> caller : callers) {
                for (CompletableFuture<INDArray> future : caller.get()) {
                    assertThat(future.get().shape()).containsExactly(1, SmallModels.OUT);
                }
            }
        } finally {
            full.shutdown();
        }
    }
}
