package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.compute.internal.Pass;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A network is shared by threads; each result is, bit for bit, what one thread alone computes. */
@Tag("numbers")
class ThreadsTest {
    private static final int THREADS = 8;
    private static final int CALLS = 200;

    private final Network network = Network.builder(20)
            .linear("linear1", 30)
            .relu()
            .linear("linear2", 25)
            .activation(new ActivationTanH())
            .linear("linear3", 10)
            .build(1);
    private final List<INDArray> inputs = IntStream.rangeClosed(1, 9)
            .mapToObj(n -> Samples.gaussian(n, DataType.FLOAT, n, 20))
            .toList();

    private void assertSameInAllThreads(Supplier<UnaryOperator<INDArray>> perThread) throws Exception {
        List<double[]> expected =
                inputs.stream().map(x -> Samples.bits(network.predict(x))).toList();
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Integer>> futures = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            for (int t = 0; t < THREADS; t++) {
                int first = t;
                Callable<Integer> work = () -> {
                    UnaryOperator<INDArray> predict = perThread.get();
                    start.await();
                    int right = 0;
                    for (int i = 0; i < CALLS; i++) {
                        int k = (first + i) % inputs.size();
                        assertThat(Samples.bits(predict.apply(inputs.get(k)))).isEqualTo(expected.get(k));
                        right++;
                    }
                    return right;
                };
                futures.add(threads.submit(work));
            }
            start.countDown();
            for (Future<Integer> future : futures) {
                assertThat(future.get()).isEqualTo(CALLS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void shareANetworkThroughPredict() throws Exception {
        assertSameInAllThreads(() -> network::predict);
    }

    @Test
    void shareANetworkWithAPassEach() throws Exception {
        assertSameInAllThreads(() -> network.newInferencePass()::forward);
    }

    @Test
    void trainingPassesOfOtherThreadsDoNotDisturb() throws Exception {
        INDArray direction = Samples.gaussian(3, DataType.FLOAT, 9, 10);
        assertSameInAllThreads(() -> {
            Pass pass = network.newTrainingPass();
            return x -> {
                INDArray y = pass.forward(x).dup();
                pass.forward(inputs.get(8));
                pass.backward(direction);
                return y;
            };
        });
    }
}
