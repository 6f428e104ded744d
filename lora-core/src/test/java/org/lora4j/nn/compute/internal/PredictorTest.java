package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.memory.IdlePool;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class PredictorTest {
    private final Network network = Network.builder(3).linear("l", 2).build(1);
    private final AtomicInteger made = new AtomicInteger();
    private final Predictor predictor = new Predictor(network.stack(), () -> {
        made.incrementAndGet();
        return network.newInferencePass();
    });

    @Test
    void usesOnePassAgainAndAgain() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 3);
        for (int i = 0; i < 5; i++) {
            assertThat(predictor.predict(Input.of(x))).isEqualTo(network.predict(x));
        }
        assertThat(made).hasValue(1);
    }

    @Test
    void goesOnAfterARefusal() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> predictor.predict(Input.of(Nd4j.create(DataType.FLOAT, 4, 5))));
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 3);
        assertThat(predictor.predict(Input.of(x))).isEqualTo(network.predict(x));
    }

    @Test
    void takesParametrizationsForOneCall() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 1300, 3);
        FakeUpdate.Dense dense = FakeUpdate.Dense.of(Samples.gaussian(2, DataType.FLOAT, 2, 3));
        INDArray plain = predictor.predict(Input.of(x));
        INDArray adapted = predictor.predict(
                Input.of(x), linear -> linear.updates().effective().with(List.of(dense)));
        INDArray expected = x.mmul(dense.d().value().transpose()).addi(plain);
        assertThat(adapted.equalsWithEps(expected, 1e-5)).isTrue();
        assertThat(predictor.predict(Input.of(x))).isEqualTo(plain);
    }

    @Test
    void takesExactlyOneBlockAndOneRowMore() {
        for (int n : new int[] {511, 512, 513, 1024, 1025}) {
            INDArray x = Samples.gaussian(1, DataType.FLOAT, n, 3);
            INDArray y = predictor.predict(Input.of(x));
            assertThat(y.shape()).containsExactly(n, 2);
            INDArray last = x.get(NDArrayIndex.interval(n - 1, n), NDArrayIndex.all());
            assertThat(predictor.predict(Input.of(last)).equalsWithEps(y.getRow(n - 1, true), 1e-6))
                    .isTrue();
        }
    }

    /** Predicts from many threads, all of which are inside the call at the same time. */
    private void predictSimultaneously(int callers) throws InterruptedException {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 3);
        CountDownLatch allInside = new CountDownLatch(callers);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            Thread thread = new Thread(() -> predictor.predict(Input.of(x), linear -> {
                allInside.countDown();
                await(allInside);
                return linear.updates().effective();
            }));
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void keepsFewIdlePassesAfterAPeak() throws InterruptedException {
        int callers = 4 * IdlePool.maxIdle();
        predictSimultaneously(callers);
        assertThat(made).hasValue(callers);
        predictSimultaneously(callers);
        assertThat(made).hasValue(2 * callers - IdlePool.maxIdle());
    }

    @Test
    void aPassThatRefusedItsInputIsUsedAgain() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 3);
        for (int i = 0; i < 5; i++) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> predictor.predict(Input.of(x.castTo(DataType.DOUBLE))));
        }
        assertThat(Samples.bits(predictor.predict(Input.of(x)))).isEqualTo(Samples.bits(network.predict(x)));
        assertThat(made).hasValue(1);
    }

    @Test
    void aPassThatFailedIsNotUsedAgain() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 3);
        for (int i = 1; i <= 3; i++) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> predictor.predict(Input.of(x), linear -> {
                        throw new IllegalStateException("fails");
                    }));
            assertThat(made).hasValue(i);
        }
        assertThat(predictor.predict(Input.of(x))).isEqualTo(network.predict(x));
        assertThat(made).hasValue(4);
    }
}
