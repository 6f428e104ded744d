package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EngineWeightTest {
    private static final int OUT = 200;
    private static final int IN = 250;

    private final FakeEngine engine = new FakeEngine();
    private final Weight weight =
            new Weight("w", new ArrayMatrix(Samples.gaussian(1, DataType.FLOAT, OUT, IN)), false, () -> engine);
    private final Parameter parameter = new Parameter(weight);
    private final INDArray x = Samples.gaussian(2, DataType.FLOAT, 4, IN);
    private final INDArray g = Samples.gaussian(3, DataType.FLOAT, 4, OUT);

    private INDArray forward() {
        INDArray y = Nd4j.create(DataType.FLOAT, 4, OUT);
        weight.multiply(new ProductContext(), x, y);
        return y;
    }

    private INDArray backward(boolean adds) {
        INDArray dx = Nd4j.ones(DataType.FLOAT, 4, IN);
        weight.multiplyTransposed(new ProductContext(), g, dx, adds);
        return dx;
    }

    private void assertRight() {
        INDArray w = parameter.value();
        assertThat(forward().equalsWithEps(x.mmul(w.transpose()), 1e-3)).isTrue();
        assertThat(backward(false).equalsWithEps(g.mmul(w), 1e-3)).isTrue();
        assertThat(backward(true).equalsWithEps(g.mmul(w).add(1), 1e-3)).isTrue();
    }

    @Test
    void packsEachDirectionOnceAndOnlyWhenItIsNeeded() {
        assertThat(engine.prepared).isEmpty();
        forward();
        forward();
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD");
        backward(false);
        backward(true);
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD", "FLOAT TRANSPOSED");
        assertRight();
    }

    @Test
    void aTrainableParameterIsMultipliedByNd4j() {
        parameter.setTrainable(true);
        assertRight();
        assertThat(engine.prepared).isEmpty();
    }

    @Test
    void aThawedAndChangedParameterIsPackedAgain() {
        assertRight();
        parameter.setTrainable(true);
        parameter.value().muli(2);
        assertRight();
        assertThat(engine.prepared).hasSize(2);
        parameter.setTrainable(false);
        assertRight();
        assertThat(engine.prepared).hasSize(4);
    }

    @Test
    void aThawDropsThePackedCopies() {
        assertRight();
        assertThat(weight.packedBytes()).isEqualTo(2L * 4 * OUT * IN);
        parameter.setTrainable(true);
        assertThat(weight.packedBytes()).isZero();
    }

    @Test
    void sizesThatTheEngineRefusesAreMultipliedByNd4j() {
        engine.refusesSizes = true;
        assertRight();
        assertRight();
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD", "FLOAT TRANSPOSED");
    }

    @Test
    void oneOfManyThreadsPacks() throws Exception {
        int threads = 8;
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<INDArray>> results = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                results.add(pool.submit(() -> {
                    start.await();
                    return forward();
                }));
            }
            start.countDown();
            for (Future<INDArray> result : results) {
                assertThat(result.get()).isEqualTo(forward());
            }
        } finally {
            pool.shutdown();
        }
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD");
    }

    @Test
    void anotherPrecisionIsPackedAgainWhereItIsFast() {
        forward();
        weight.store(Precision.BFLOAT16);
        forward();
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD");
        assertThat(weight.precision()).isEqualTo(Precision.BFLOAT16);
        assertThat(weight.storage("l")).isEqualTo(new WeightStorage("l", "ND4J", "BFLOAT16", 2L * OUT * IN));
        engine.fast.add(Precision.INT8);
        weight.store(Precision.INT8);
        forward();
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD", "INT8 FORWARD");
        assertThat(weight.storage("l")).isEqualTo(new WeightStorage("l", "fake", "INT8", 5L * OUT * IN + 4 * OUT));
    }

    @Test
    void whatTheEngineDoesNotMultiplyIsReportedAsAnArray() {
        WeightStorage array = new WeightStorage("l", "ND4J", "FLOAT", 4L * OUT * IN);
        parameter.setTrainable(true);
        assertThat(weight.storage("l")).isEqualTo(array);
        parameter.setTrainable(false);
        assertThat(weight.storage("l")).isEqualTo(new WeightStorage("l", "fake", "FLOAT", 4L * OUT * IN));
        engine.refusesSizes = true;
        forward();
        assertThat(weight.storage("l")).isEqualTo(array);
    }

    /** The parts of a product that is divided by rows must be those rows, in both orders. */
    @ParameterizedTest
    @ValueSource(chars = {'c', 'f'})
    void dividesManyRowsAmongProcessorsThatAreFree(char order) {
        INDArray many = Samples.gaussian(4, DataType.FLOAT, 1001, IN).dup(order);
        INDArray y = Nd4j.createUninitialized(DataType.FLOAT, new long[] {1001, OUT}, order);
        ProductContext context = new ProductContext();
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            assertThat(threads).isNotNull();
            weight.multiply(context, many, y);
            assertThat(y.equalsWithEps(many.mmul(parameter.value().transpose()), 1e-3))
                    .isTrue();
            assertThat(engine.products.get())
                    .isEqualTo(Math.min(6, Runtime.getRuntime().availableProcessors()));
        }
    }

    @Test
    void onlyFloatMatricesAreGivenToTheEngine() {
        for (INDArray array : List.of(
                Nd4j.create(DataType.DOUBLE, 200, 250),
                Nd4j.create(DataType.FLOAT, 6),
                Nd4j.create(DataType.FLOAT, 2, 3, 4))) {
            Weight other = new Weight("w", new ArrayMatrix(array), false, () -> {
                throw new AssertionError("no engine multiplies with " + array.shapeInfoToString());
            });
            assertThat(other.storage("l").engine()).isEqualTo("ND4J");
        }
        INDArray y = Nd4j.create(DataType.DOUBLE, 1, 200);
        new Weight("w", new ArrayMatrix(Nd4j.ones(DataType.DOUBLE, 200, 250)), false, () -> {
                    throw new AssertionError("no engine multiplies with DOUBLE");
                })
                .multiply(new ProductContext(), Nd4j.ones(DataType.DOUBLE, 1, 250), y);
        assertThat(y.meanNumber().doubleValue()).isEqualTo(250);
    }
}
