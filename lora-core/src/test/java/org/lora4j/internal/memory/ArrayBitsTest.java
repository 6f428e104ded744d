package org.lora4j.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ArrayBitsTest {
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void theMemoryLayoutDoesNotMatter(DataType type) {
        INDArray array = Samples.gaussian(1, type, 3, 4);
        INDArray view = Nd4j.ones(type, 5, 6).get(NDArrayIndex.interval(1, 4), NDArrayIndex.interval(2, 6));
        view.assign(array);

        for (INDArray same : new INDArray[] {array.dup('c'), array.dup('f'), view}) {
            assertThat(ArrayBits.equal(array, same)).isTrue();
            assertThat(ArrayBits.hash(same)).isEqualTo(ArrayBits.hash(array));
        }
    }

    @Test
    void anyOtherBitMakesADifference() {
        INDArray zero = Nd4j.createFromArray(0.0);

        assertThat(ArrayBits.equal(Nd4j.createFromArray(1e-6), Nd4j.createFromArray(-8e-6)))
                .isFalse();
        assertThat(ArrayBits.equal(zero, Nd4j.createFromArray(-0.0))).isFalse();
        assertThat(ArrayBits.equal(Nd4j.createFromArray(Double.NaN), Nd4j.createFromArray(Double.NaN)))
                .isTrue();
        assertThat(ArrayBits.equal(zero, Nd4j.createFromArray(0f))).isFalse();
        assertThat(ArrayBits.equal(zero, zero.reshape(1, 1))).isFalse();
    }

    @Test
    void nullEqualsNullAlone() {
        assertThat(ArrayBits.equal(null, null)).isTrue();
        assertThat(ArrayBits.equal(null, Nd4j.createFromArray(1f))).isFalse();
        assertThat(ArrayBits.equal(Nd4j.createFromArray(1f), null)).isFalse();
        assertThat(ArrayBits.hash(null)).isZero();
        assertThat(ArrayBits.describe(null)).isEqualTo("none");
    }

    @Test
    void describesTheShapeAndTheType() {
        assertThat(ArrayBits.describe(Nd4j.ones(DataType.FLOAT, 2, 12))).isEqualTo("[2, 12] FLOAT");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void findsEntriesThatAreNotFinite(double value) {
        INDArray array = Samples.gaussian(1, DataType.FLOAT, 3, 4);
        assertThat(ArrayBits.isFinite(array)).isTrue();

        array.putScalar(2, 1, value);

        assertThat(ArrayBits.isFinite(array)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void findsTheLastEntryOfLargeArraysAndViews(DataType type) {
        INDArray large = Nd4j.ones(type, 3, 5000);
        INDArray view = large.get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(0, 4999));
        assertThat(ArrayBits.isFinite(large)).isTrue();

        large.putScalar(2, 4999, Double.NaN);
        assertThat(ArrayBits.isFinite(large)).isFalse();
        assertThat(ArrayBits.isFinite(view)).isTrue();

        large.putScalar(2, 4998, Double.POSITIVE_INFINITY);
        assertThat(ArrayBits.isFinite(view)).isFalse();
        assertThat(ArrayBits.isFinite(Nd4j.scalar(type, Double.NaN))).isFalse();
        assertThat(ArrayBits.isFinite(Nd4j.scalar(type, 1))).isTrue();
        assertThat(ArrayBits.isFinite(Nd4j.empty(type))).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"BOOL", "UBYTE", "INT", "LONG"})
    void entriesThatAreNoRealNumbersAreFinite(DataType type) {
        assertThat(ArrayBits.isFinite(Nd4j.ones(type, 2, 3))).isTrue();
    }

    @Test
    void findsEntriesOfHalfPrecisionThatAreNotFinite() {
        INDArray array = Nd4j.ones(DataType.FLOAT16, 2, 3);
        assertThat(ArrayBits.isFinite(array)).isTrue();
        array.putScalar(1, 2, Double.NaN);
        assertThat(ArrayBits.isFinite(array)).isFalse();
    }
}
