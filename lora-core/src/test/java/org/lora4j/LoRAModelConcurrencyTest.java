package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertSameBits;
import static org.lora4j.SmallModels.sameBits;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Views and swaps, from many threads. */
class LoRAModelConcurrencyTest {
    private final Network network = Models.dense(16, 32, 24, 8);
    private final LoRAModel model = LoRAModel.of(network);

    private static INDArray input(int rows, long seed) {
        return RandomArrays.gaussian(new SplittableRandom(seed), 1, DataType.FLOAT, rows, 16);
    }

    private static <T> List<T> inThreads(List<Callable<T>> tasks) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(tasks.size());
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> future : executor.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        } finally {
            executor.shutdownNow();
        }
    }

    private LoRAAdapter data(int rank, long seed) {
        LoRAModel other = LoRAModel.of(network);
        other.add("x", SmallModels.random(seed).rank(rank).build());
        return other.adapter("x");
    }

    @Test
    void differentViewsInThreadsEqualTheSingleThreadedOnesBitForBit() throws Exception {
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            model.add("a" + i, SmallModels.random(i).rank(1 + i).build());
            AdapterView view = model.using("a" + i);
            INDArray x = input(3 + i, i);
            INDArray expected = view.predict(x);
            tasks.add(() -> {
                int equal = 0;
                for (int k = 0; k < 50; k++) {
                    equal += sameBits(view.predict(x), expected) ? 1 : 0;
                }
                return equal;
            });
        }
        assertThat(inThreads(tasks)).containsOnly(50);
    }

    @Test
    void mixedBatchesInThreadsEqualTheSingleThreadedOnesBitForBit() throws Exception {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(5).build());
        List<List<String>> names =
                List.of(List.of("a", "b", "b"), List.of("b", LoRAModel.BASE, "a"), List.of("b", "a", "a"));
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            INDArray x = input(3, i);
            List<String> rows = names.get(i);
            INDArray expected = model.predict(x, rows);
            tasks.add(() -> {
                int equal = 0;
                for (int k = 0; k < 50; k++) {
                    equal += sameBits(model.predict(x, rows), expected) ? 1 : 0;
                }
                return equal;
            });
        }
        assertThat(inThreads(tasks)).containsOnly(50);
    }

    @Test
    void aViewDoesNotChangeWhatIsActive() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        INDArray x = input(4, 1);
        INDArray y = model.predict(x);
        assertThat(model.using("b").names()).containsExactly("b");
        model.using("b").predict(x);
        assertSameBits(model.predict(x), y);
    }

    @Test
    void aViewOfADeletedAdapterFailsClearly() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        AdapterView view = model.using("b");
        view.predict(input(2, 1));
        model.delete("b");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> view.predict(input(2, 1)))
                .withMessage("no adapter 'b'; there are [a]");
    }

    @Test
    void swapsBetweenRanksAreSeenByViewsAndActive() {
        model.add("a", data(7, 1));
        INDArray x = input(4, 1);
        AdapterView view = model.using("a");
        INDArray seven = view.predict(x);
        model.replace("a", data(13, 2));
        INDArray thirteen = view.predict(x);
        assertSameBits(model.predict(x), thirteen);
        assertThat(model.adapter("a").weights().get("linear1"))
                .extracting(LoRAWeights::rank)
                .isEqualTo(13);
        assertThat(sameBits(seven, thirteen)).isFalse();
        model.replace("a", data(7, 1));
        assertSameBits(view.predict(x), seven);
    }

    @Test
    void everyPredictionDuringSwapsSeesTheOldOrTheNewAndNeverAMixture() throws Exception {
        LoRAAdapter seven = data(7, 1);
        LoRAAdapter thirteen = data(13, 2);
        INDArray x = input(4, 1);
        model.add("a", thirteen);
        INDArray expectedThirteen = model.predict(x);
        model.replace("a", seven);
        INDArray expectedSeven = model.predict(x);
        AtomicInteger running = new AtomicInteger(4);
        CountDownLatch started = new CountDownLatch(4);
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            boolean throughAView = i % 2 == 0;
            AdapterView view = model.using("a");
            tasks.add(() -> {
                int mixtures = 0;
                started.countDown();
                try {
                    for (int k = 0; k < 300; k++) {
                        INDArray y = throughAView ? view.predict(x) : model.predict(x);
                        mixtures += sameBits(y, expectedSeven) || sameBits(y, expectedThirteen) ? 0 : 1;
                    }
                } finally {
                    running.decrementAndGet();
                }
                return mixtures;
            });
        }
        tasks.add(() -> {
            started.await();
            return replaceInTurn(running, thirteen, seven);
        });
        assertThat(inThreads(tasks)).containsOnly(0);
    }

    @Test
    void aLargePredictionSeesOneStateInAllItsBlocks() throws Exception {
        LoRAAdapter seven = data(7, 1);
        LoRAAdapter thirteen = data(13, 2);
        INDArray x = input(1, 1).repeat(0, 8000);
        model.add("a", seven);
        AtomicInteger running = new AtomicInteger(1);
        List<Callable<Integer>> tasks = List.of(
                () -> {
                    int mixtures = 0;
                    for (int k = 0; k < 20; k++) {
                        INDArray y = model.predict(x);
                        double spread = Differences.fromZero(y.getColumn(0).sub(y.getDouble(0, 0)));
                        mixtures += spread < 1e-4 ? 0 : 1;
                    }
                    running.decrementAndGet();
                    return mixtures;
                },
                () -> replaceInTurn(running, thirteen, seven));
        assertThat(inThreads(tasks)).containsOnly(0);
    }

    /** Puts one and the other in the place of "a" as long as something runs; answers 0. */
    private int replaceInTurn(AtomicInteger running, LoRAAdapter one, LoRAAdapter other) {
        boolean toOne = true;
        while (running.get() > 0) {
            model.replace("a", toOne ? one : other);
            toOne = !toOne;
        }
        return 0;
    }
}
