package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.serve.BatchingPredictorTest.inThread;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.fixtures.Differences;
import org.lora4j.fixtures.MustEnd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Many threads use one predictor while others change the model. */
@MustEnd
class BatchingPredictorThreadsTest {
    private static final int THREADS = 16;
    private static final int CALLS = 100;
    private static final int ADAPTERS = 6;

    private final LoRAModel model = SmallModels.model();

    private static LoRAAdapter data(long seed, int rank) {
        LoRAModel other = SmallModels.model();
        other.add("x", SmallModels.random(seed).rank(rank).build());
        return other.adapter("x");
    }

    private static boolean isClose(INDArray actual, INDArray expected) {
        return Differences.greatest(actual, expected) <= 1e-5;
    }

    /** Runs a task in many threads and adds up what they return. */
    private static int inThreads(int threads, Counting task) throws Exception {
        List<CompletableFuture<Integer>> results = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int thread = i;
            results.add(inThread(() -> task.run(thread)));
        }
        int sum = 0;
        for (CompletableFuture<Integer> result : results) {
            sum += result.get();
        }
        return sum;
    }

    private interface Counting {
        int run(int thread);
    }

    @Test
    void eachCallHasTheOutputOfItsAdapter() throws Exception {
        INDArray[][] inputs = new INDArray[ADAPTERS][3];
        INDArray[][] expected = new INDArray[ADAPTERS][3];
        for (int a = 0; a < ADAPTERS; a++) {
            model.add("a" + a, SmallModels.random(a).rank(1 + a).build());
            for (int n = 0; n < 3; n++) {
                inputs[a][n] = SmallModels.input(DataType.FLOAT, 1 + n, 10L * a + n);
                expected[a][n] = model.using("a" + a).predict(inputs[a][n]);
            }
        }
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).build()) {
            int right = inThreads(THREADS, thread -> {
                SplittableRandom random = new SplittableRandom(thread);
                int count = 0;
                for (int i = 0; i < CALLS; i++) {
                    int a = random.nextInt(ADAPTERS);
                    int n = random.nextInt(3);
                    INDArray y = i % 4 == 0
                            ? predictor.predictAsync(inputs[a][n], "a" + a).join()
                            : predictor.predict(inputs[a][n], "a" + a);
                    count += isClose(y, expected[a][n]) ? 1 : 0;
                }
                return count;
            });
            assertThat(right).isEqualTo(THREADS * CALLS);
            ServingStats stats = predictor.stats();
            assertThat(stats.all().completed()).isEqualTo(THREADS * CALLS);
            assertThat(stats.batchRequests().sum()).isEqualTo(THREADS * CALLS);
            assertThat(stats.batchRequests().count()).isLessThan(THREADS * CALLS);
        }
    }

    @Test
    void replacingAndDeletingAffectsOnlyTheCallsOfTheseAdapters() throws Exception {
        LoRAAdapter one = data(1, 2);
        LoRAAdapter other = data(2, 5);
        INDArray x = SmallModels.input(1);
        model.add("stays", data(3, 3));
        model.add("swapped", one);
        INDArray ofStaying = model.using("stays").predict(x);
        INDArray ofOne = model.using("swapped").predict(x);
        model.replace("swapped", other);
        INDArray ofOther = model.using("swapped").predict(x);
        AtomicInteger running = new AtomicInteger(THREADS);
        CountDownLatch changing = new CountDownLatch(1);
        CompletableFuture<Integer> changes = inThread(() -> {
            int count = 0;
            while (running.get() > 0) {
                model.replace("swapped", count % 2 == 0 ? one : other);
                model.add("comes and goes", one);
                model.delete("comes and goes");
                count++;
                changing.countDown();
            }
            return count;
        });
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).build()) {
            changing.await();
            int right = inThreads(THREADS, thread -> {
                int count = 0;
                try {
                    for (int i = 0; i < CALLS; i++) {
                        boolean isRight = switch (i % 3) {
                            case 0 -> isClose(predictor.predict(x, "stays"), ofStaying);
                            case 1 -> {
                                INDArray y = predictor.predict(x, "swapped");
                                yield isClose(y, ofOne) || isClose(y, ofOther);
                            }
                            default -> isRightOrMissing(predictor, x, ofOne);
                        };
                        count += isRight ? 1 : 0;
                    }
                } finally {
                    running.decrementAndGet();
                }
                return count;
            });
            assertThat(right).isEqualTo(THREADS * CALLS);
            assertThat(changes.get()).isPositive();
        }
    }

    private static boolean isClosed(@Nullable Throwable failure) {
        return failure instanceof ServingException known && known.reason() == ServingException.Reason.CLOSED;
    }

    private static boolean isRightOrMissing(BatchingPredictor predictor, INDArray x, INDArray expected) {
        try {
            return isClose(predictor.predict(x, "comes and goes"), expected);
        } catch (ServingException e) {
            return String.valueOf(e.getMessage()).equals("there is no adapter 'comes and goes'");
        }
    }

    @Test
    void closingUnderLoadLosesNoCall() throws Exception {
        model.add("a", data(1, 2));
        INDArray x = SmallModels.input(1);
        INDArray expected = model.using("a").predict(x);
        for (int round = 0; round < 10; round++) {
            BatchingPredictor predictor =
                    BatchingPredictor.builder(model).allowBase(true).build();
            AtomicInteger begun = new AtomicInteger();
            CompletableFuture<Void> closed = inThread(() -> {
                while (begun.get() < THREADS) {
                    Thread.onSpinWait();
                }
                predictor.close();
                return null;
            });
            int wrong = inThreads(THREADS, thread -> {
                int count = 0;
                try {
                    while (true) {
                        INDArray y = thread % 2 == 0
                                ? predictor.predict(x, "a")
                                : predictor.predictAsync(x, "a").get();
                        count += isClose(y, expected) ? 0 : 1;
                        begun.incrementAndGet();
                    }
                } catch (ServingException e) {
                    return count + (isClosed(e) ? 0 : 1);
                } catch (Exception e) {
                    return count + (isClosed(e.getCause()) ? 0 : 1);
                }
            });
            closed.get();
            assertThat(wrong).isZero();
            assertThat(predictor.stats().all().failed()).isZero();
        }
    }
}
