package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class ArraySumTest {
    private final ArraySum sum = new ArraySum();

    @ParameterizedTest
    @CsvSource({"FLOAT, 1, 1, c, c", "DOUBLE, 3, 2731, c, f", "FLOAT, 70, 300, f, c", "FLOAT, 5, 33, f, f"})
    void isThatOfEachElement(DataType type, int rows, int columns, char order, char otherOrder) {
        INDArray x = Samples.gaussian(1, type, rows, columns).dup(order);
        INDArray y = Samples.gaussian(2, type, rows, columns).dup(otherOrder);
        INDArray expected = x.add(y);
        INDArray z = x.ulike();
        sum.run(x, y, z);
        assertThat(z).isEqualTo(expected);
        sum.run(x, y, y);
        assertThat(y).isEqualTo(expected);
        INDArray twice = x.add(x);
        sum.run(x, x, x);
        assertThat(x).isEqualTo(twice);
    }
}
