package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ArrayMemoryTest {
    /** Few elements are copied one by one, many with a buffer. */
    @ParameterizedTest
    @ValueSource(ints = {1, 10, 1000})
    void copiesFewAndManyElements(int length) {
        float[] floats = new float[length + 1];
        double[] doubles = new double[length + 1];
        for (int i = 1; i <= length; i++) {
            floats[i] = i;
            doubles[i] = i;
        }
        INDArray ofFloats = Nd4j.create(DataType.FLOAT, length + 2L);
        INDArray ofDoubles = Nd4j.create(DataType.DOUBLE, length + 2L);
        new ArrayMemory(ofFloats).put(2, floats, 1, length);
        new ArrayMemory(ofDoubles).put(2, doubles, 1, length);
        assertThat(ofFloats.getDouble(1)).isZero();
        assertThat(ofFloats.getDouble(2)).isOne();
        assertThat(ofDoubles.getDouble(length + 1L)).isEqualTo(length);
        float[] floatsBack = new float[length + 1];
        double[] doublesBack = new double[length + 1];
        new ArrayMemory(ofFloats).get(2, floatsBack, 1, length);
        new ArrayMemory(ofDoubles).get(2, doublesBack, 1, length);
        assertThat(floatsBack).isEqualTo(floats);
        assertThat(doublesBack).isEqualTo(doubles);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void copiesElementAfterElementWithoutEnd(DataType type) {
        INDArray array = Nd4j.create(type, 3);
        ArrayMemory memory = new ArrayMemory(array);
        for (int i = 0; i < 2000; i++) {
            memory.put(i % 3, i + 0.5);
            assertThat(memory.get(i % 3)).isEqualTo(i + 0.5);
        }
        assertThat(array.getDouble(2)).isEqualTo(1997 + 0.5);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void positionsOfAViewCountFromItsFirstElement(DataType type) {
        INDArray matrix = Nd4j.arange(20).castTo(type).reshape(4, 5);
        INDArray view = matrix.get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(2, 4));
        ArrayMemory memory = new ArrayMemory(view);
        assertThat(memory.get(0)).isEqualTo(7);
        assertThat(memory.get(5)).isEqualTo(12);
        memory.put(1, 80);
        assertThat(matrix.getDouble(1, 3)).isEqualTo(80);
    }

    @Test
    void refusesOtherTypes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ArrayMemory(Nd4j.create(DataType.INT32, 2)))
                .withMessageContaining("the array must be FLOAT or DOUBLE, found");
        ArrayMemory doubles = new ArrayMemory(Nd4j.create(DataType.DOUBLE, 2));
        assertThatIllegalStateException()
                .isThrownBy(() -> doubles.get(0, new float[1], 0, 1))
                .withMessage("the array must be FLOAT, found DOUBLE");
        ArrayMemory floats = new ArrayMemory(Nd4j.create(DataType.FLOAT, 2));
        assertThatIllegalStateException()
                .isThrownBy(() -> floats.put(0, new double[1], 0, 1))
                .withMessage("the array must be DOUBLE, found FLOAT");
    }
}
