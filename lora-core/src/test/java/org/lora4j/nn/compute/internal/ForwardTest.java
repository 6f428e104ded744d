package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.Models;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The output is {@code x·Wᵀ + b}, layer by layer, whatever the type, order and size. */
@Tag("numbers")
class ForwardTest {
    private static final Network THREE_LAYERS = Models.dense(7, 9, 8, 3);

    private static INDArray reference(Linear linear, INDArray x) {
        INDArray y = x.mmul(linear.weight().transpose());
        Parameter bias = linear.biasParameter();
        return bias == null ? y : y.addRowVector(bias.value());
    }

    private static double tolerance(DataType type) {
        return type == DataType.FLOAT ? 1e-5 : 1e-12;
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1", "FLOAT, 2", "FLOAT, 10", "DOUBLE, 1", "DOUBLE, 2", "DOUBLE, 10"})
    void equalsPlainNd4j(DataType type, int n) {
        Network network = Network.builder(7)
                .dataType(type)
                .linear("linear1", 9)
                .relu()
                .linear("linear2", 8, false)
                .activation(new ActivationTanH())
                .linear("linear3", 3)
                .build(1);
        INDArray x = Samples.gaussian(2, type, n, 7);
        INDArray hidden1 = Transforms.relu(reference(network.linear("linear1"), x));
        INDArray hidden2 = Transforms.tanh(reference(network.linear("linear2"), hidden1));
        INDArray expected = reference(network.linear("linear3"), hidden2);
        assertThat(network.predict(x).equalsWithEps(expected, tolerance(type))).isTrue();
        assertThat(network.newTrainingPass().forward(x).equalsWithEps(expected, tolerance(type)))
                .isTrue();
    }

    @RandomTest(tries = 60)
    void equalsTheSumOfProducts(
            @IntRange(min = 1, max = 6) int n,
            @IntRange(min = 1, max = 6) int in,
            @IntRange(min = 1, max = 6) int out,
            boolean bias,
            boolean rowMajorWeight,
            boolean rowMajorInput,
            boolean singlePrecision) {
        DataType type = singlePrecision ? DataType.FLOAT : DataType.DOUBLE;
        INDArray w = Samples.gaussian(1, type, out, in);
        INDArray b = Samples.gaussian(2, type, out);
        INDArray x = Samples.gaussian(3, type, n, in);
        Linear linear = new Linear("l", w.dup(rowMajorWeight ? 'c' : 'f'), bias ? b : null);
        INDArray y = new Network(List.of(linear)).predict(x.dup(rowMajorInput ? 'c' : 'f'));
        assertThat(y.shape()).containsExactly(n, out);
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < out; k++) {
                double sum = bias ? b.getDouble(k) : 0;
                for (int j = 0; j < in; j++) {
                    sum += x.getDouble(i, j) * w.getDouble(k, j);
                }
                assertThat(y.getDouble(i, k)).isCloseTo(sum, within(tolerance(type)));
            }
        }
    }

    @Test
    void takesViewsAndTransposedInput() {
        INDArray wide = Samples.gaussian(1, DataType.FLOAT, 20, 30);
        INDArray view = wide.get(NDArrayIndex.interval(3, 8), NDArrayIndex.interval(11, 18));
        INDArray everySecondRow = wide.get(NDArrayIndex.interval(0, 2, 20), NDArrayIndex.interval(4, 11));
        INDArray transposed = Samples.gaussian(2, DataType.FLOAT, 7, 5).transpose();
        for (INDArray x : List.of(
                view,
                everySecondRow,
                transposed,
                wide.getRow(3, true).get(NDArrayIndex.all(), NDArrayIndex.interval(5, 12)))) {
            assertThat(THREE_LAYERS.predict(x).equalsWithEps(THREE_LAYERS.predict(x.dup('c')), 1e-6))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void doesNotWriteToItsInput(DataType type) {
        Network plain = Network.builder(4).dataType(type).linear("l", 3).build(1);
        Network reluFirst =
                Network.builder(4).dataType(type).relu().relu().linear("l", 3).build(1);
        Network seluFirst = Network.builder(4)
                .dataType(type)
                .activation(new ActivationSELU())
                .relu()
                .linear("l", 3)
                .build(1);
        INDArray x = Samples.gaussian(2, type, 5, 4);
        INDArray direction = Samples.gaussian(3, type, 5, 3);
        double[] before = Samples.bits(x);
        double[] directionBefore = Samples.bits(direction);
        for (Network network : List.of(plain, reluFirst, seluFirst)) {
            network.predict(x);
            Pass pass = network.newTrainingPass();
            pass.forward(x);
            pass.backward(direction);
            assertThat(Samples.bits(x)).isEqualTo(before);
            assertThat(Samples.bits(direction)).isEqualTo(directionBefore);
        }
    }

    @Test
    void ofAnActivationFirstEqualsThatOfItsResult() {
        Network network = Network.builder(4).relu().linear("l", 3).build(1);
        INDArray x = Samples.gaussian(2, DataType.FLOAT, 5, 4);
        assertThat(network.predict(x)).isEqualTo(network.predict(Transforms.relu(x)));
    }

    @Test
    void ofManyRowsEqualsThatOfBlocksOfRows() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 1300, 7);
        INDArray y = THREE_LAYERS.predict(x);
        assertThat(y.shape()).containsExactly(1300, 3);
        for (int from = 0; from < 1300; from += 100) {
            INDArray block = x.get(NDArrayIndex.interval(from, from + 100), NDArrayIndex.all());
            INDArray expected = y.get(NDArrayIndex.interval(from, from + 100), NDArrayIndex.all());
            assertThat(THREE_LAYERS.predict(block.dup('c')).equalsWithEps(expected, 1e-6))
                    .isTrue();
        }
    }

    @Test
    void predictionIsANewArrayInRowMajorOrder() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 2, 7);
        INDArray first = THREE_LAYERS.predict(x);
        INDArray kept = first.dup();
        INDArray second = THREE_LAYERS.predict(x.neg());
        assertThat(first.ordering()).isEqualTo('c');
        assertThat(first).isEqualTo(kept).isNotEqualTo(second);
    }

    @Test
    void infinitiesAndNaNComeOutOfRelu() {
        Linear identity = new Linear("l", Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}}), null);
        Network network = new Network(List.of(identity, new Activation("relu", new ActivationReLU())));
        INDArray x = Nd4j.createFromArray(new float[][] {{Float.NaN, 1}});
        assertThat(network.predict(x).getDouble(0, 0)).isNaN();
    }
}
