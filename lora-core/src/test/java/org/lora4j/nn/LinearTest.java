package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class LinearTest {
    private static final INDArray WEIGHT = Samples.gaussian(1, DataType.FLOAT, 3, 4);
    private static final INDArray BIAS = Samples.gaussian(2, DataType.FLOAT, 3);

    private static void assertRefused(INDArray weight, @Nullable INDArray bias, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Linear("l", weight, bias))
                .withMessage(message);
    }

    @Test
    void holdsTheArraysItIsGiven() {
        Linear linear = new Linear("l", WEIGHT, BIAS);
        assertThat(linear.path()).isEqualTo("l");
        assertThat(linear.inputSize()).isEqualTo(4);
        assertThat(linear.outputSize()).isEqualTo(3);
        assertThat(linear.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(linear.weight()).isSameAs(WEIGHT);
        assertThat(linear.weightParameter().name()).isEqualTo("l.weight");
        assertThat(linear.biasParameter()).isNotNull().satisfies(bias -> {
            assertThat(bias.value()).isSameAs(BIAS);
            assertThat(bias.name()).isEqualTo("l.bias");
        });
        assertThat(linear.parameters())
                .containsExactly(linear.weightParameter(), linear.biasParameter())
                .allMatch(Parameter::isTrainable);
        assertThat(linear).hasToString("l: Linear(4 → 3)");
    }

    @Test
    void mayHaveNoBias() {
        Linear linear = new Linear("l", WEIGHT, null);
        assertThat(linear.biasParameter()).isNull();
        assertThat(linear.parameters()).containsExactly(linear.weightParameter());
        assertThat(linear).hasToString("l: Linear(4 → 3, no bias)");
    }

    @Test
    void effectiveWeightIsACopy() {
        Linear linear = new Linear("l", WEIGHT, BIAS);
        assertThat(linear.weight()).isSameAs(WEIGHT);
        assertThat(linear.effectiveWeight()).isEqualTo(WEIGHT).isNotSameAs(WEIGHT);
        double[] before = Samples.bits(WEIGHT);
        linear.effectiveWeight().assign(0);
        assertThat(Samples.bits(WEIGHT)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t"})
    void refusesABlankPath(String path) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Linear(path, WEIGHT, BIAS))
                .withMessage("a layer's path must not be blank, found '" + path + "'");
    }

    @Test
    void refusesAWeightThatIsNoMatrix() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Linear("l", BIAS, null))
                .withMessageStartingWith("l.weight: must be a matrix [out, in], found [3] FLOAT");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Linear("l", Nd4j.create(DataType.FLOAT, 0, 4), null))
                .withMessageStartingWith("l.weight: must be a matrix [out, in], found ");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"INT", "LONG", "HALF", "BFLOAT16", "BOOL"})
    void refusesAWeightOfAnotherType(DataType type) {
        assertRefused(Nd4j.create(type, 3, 4), null, "l.weight: must be FLOAT or DOUBLE, found " + type);
    }

    @Test
    void refusesAWeightThatIsAView() {
        INDArray wide = Samples.gaussian(1, DataType.FLOAT, 6, 8);
        String message = "l.weight: must be contiguous and no view; use dup()";
        assertRefused(wide.get(NDArrayIndex.interval(0, 3), NDArrayIndex.all()), null, message);
        assertRefused(wide.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 5)), null, message);
        assertRefused(
                Nd4j.create(DataType.FLOAT, 1, 4).broadcast(3, 4).get(NDArrayIndex.interval(1, 3)), null, message);
    }

    @Test
    void takesATransposedWeight() {
        INDArray stored = Samples.gaussian(1, DataType.FLOAT, 4, 3);
        Linear linear = new Linear("l", stored.transpose(), BIAS);
        assertThat(linear.outputSize()).isEqualTo(3);
        assertThat(linear.weight()).isEqualTo(stored.transpose());
    }

    @Test
    void refusesABiasOfAnotherShape() {
        assertRefused(
                WEIGHT,
                Nd4j.create(DataType.FLOAT, 4),
                "l.bias: must have the shape [3] of the weight's rows, found [4]");
        assertRefused(
                WEIGHT,
                Nd4j.create(DataType.FLOAT, 1, 3),
                "l.bias: must have the shape [3] of the weight's rows, found [1, 3]");
    }

    @Test
    void refusesABiasOfAnotherType() {
        assertRefused(WEIGHT, Nd4j.create(DataType.DOUBLE, 3), "l.bias: must be FLOAT like the weight, found DOUBLE");
    }

    @Test
    void refusesABiasThatIsAView() {
        assertRefused(
                WEIGHT,
                Samples.gaussian(1, DataType.FLOAT, 5, 3).getRow(2),
                "l.bias: must be contiguous and no view; use dup()");
    }
}
