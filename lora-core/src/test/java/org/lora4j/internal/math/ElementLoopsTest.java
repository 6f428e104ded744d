package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class ElementLoopsTest {
    private final ElementLoops loops = new ElementLoops();

    @ParameterizedTest
    @CsvSource({
        "FLOAT, 1, 1, c",
        "FLOAT, 5, 33, f",
        "DOUBLE, 5, 33, f",
        "DOUBLE, 7, 3, c",
        "FLOAT, 64, 128, f",
        "FLOAT, 3, 2731, f",
        "DOUBLE, 40, 2500, c",
        "FLOAT, 700, 300, c"
    })
    void reluGivesTheNumbersOfTheFormula(DataType type, int rows, int columns, char order) {
        INDArray x = Samples.gaussian(1, type, rows, columns).dup(order);
        INDArray yGradient = Samples.gaussian(2, type, rows, columns).dup(order);
        INDArray y = x.dup(order);
        loops.relu(x, y);
        INDArray isPositive = x.gt(0).castTo(type);
        assertThat(y).isEqualTo(isPositive.mul(x));
        INDArray gradient = x.dup(order);
        loops.reluGradient(y, yGradient, gradient);
        assertThat(gradient).isEqualTo(isPositive.mul(yGradient));
    }

    @ParameterizedTest
    @CsvSource({"c, f", "f, c"})
    void reluAcceptsInputsInAnotherOrder(char order, char outputOrder) {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 6).dup(order);
        INDArray y = x.ulike().dup(outputOrder);
        loops.relu(x, y);
        assertThat(y).isEqualTo(x.gt(0).castTo(DataType.FLOAT).mul(x));
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void reluWorksInPlace(DataType type) {
        INDArray x = Nd4j.createFromArray(-1.0, 2.0, -3.0, 4.0).castTo(type).reshape(2, 2);
        loops.relu(x, x);
        assertThat(x.toDoubleMatrix()).isDeepEqualTo(new double[][] {{0, 2}, {0, 4}});
        INDArray gradient =
                Nd4j.createFromArray(5.0, 6.0, 7.0, 8.0).castTo(type).reshape(2, 2);
        loops.reluGradient(x, gradient, x);
        assertThat(x.toDoubleMatrix()).isDeepEqualTo(new double[][] {{0, 6}, {0, 8}});
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void reluPassesTheGradientOfTheSmallestAndTheLargestOutput(DataType type) {
        boolean isFloat = type == DataType.FLOAT;
        INDArray y = Nd4j.create(type, 1, 5);
        double[] outputs = {
            isFloat ? Float.MIN_VALUE : Double.MIN_VALUE,
            isFloat ? Float.MIN_NORMAL : Double.MIN_NORMAL,
            isFloat ? Float.MAX_VALUE : Double.MAX_VALUE,
            Double.POSITIVE_INFINITY,
            0
        };
        ArrayMemory memory = new ArrayMemory(y);
        for (int i = 0; i < outputs.length; i++) {
            memory.put(i, outputs[i]);
        }
        INDArray gradient = Nd4j.create(type, 1, 5);
        loops.reluGradient(y, Nd4j.ones(type, 1, 5).muli(-3), gradient);
        assertThat(gradient.toDoubleVector())
                .usingElementComparator(Double::compare)
                .startsWith(-3, -3, -3, -3);
        assertThat(gradient.getDouble(4)).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void reluKeepsNotANumber(DataType type) {
        INDArray x = Nd4j.createFromArray(Double.NaN, -1.0).castTo(type).reshape(1, 2);
        loops.relu(x, x);
        assertThat(x.toDoubleVector()).containsExactly(Double.NaN, 0);
    }

    @ParameterizedTest
    @CsvSource({"c, f", "f, c"})
    void reluAcceptsGradientsInAnotherOrder(char order, char gradientOrder) {
        INDArray y = Samples.gaussian(1, DataType.FLOAT, 4, 6).dup(order);
        loops.relu(y, y);
        INDArray yGradient = Samples.gaussian(2, DataType.FLOAT, 4, 6).dup(gradientOrder);
        INDArray gradient = y.dup(order);
        loops.reluGradient(y, yGradient, gradient);
        assertThat(gradient).isEqualTo(y.gt(0).castTo(DataType.FLOAT).mul(yGradient));
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1, 1, c, c", "DOUBLE, 3, 2731, c, f", "FLOAT, 70, 300, f, c", "FLOAT, 5, 33, f, f"})
    void sumIsThatOfEachElement(DataType type, int rows, int columns, char order, char otherOrder) {
        INDArray x = Samples.gaussian(1, type, rows, columns).dup(order);
        INDArray y = Samples.gaussian(2, type, rows, columns).dup(otherOrder);
        INDArray expected = x.add(y);
        INDArray z = x.ulike();
        loops.sum(x, y, z);
        assertThat(z).isEqualTo(expected);
        loops.sum(x, y, y);
        assertThat(y).isEqualTo(expected);
        INDArray twice = x.add(x);
        loops.sum(x, x, x);
        assertThat(x).isEqualTo(twice);
    }
}
