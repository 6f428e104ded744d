package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.linalg.Matrices.gaussian;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Records of arrays are equal if their arrays hold the same bits. */
class FactorEqualityTest {
    private static final INDArray LEFT = gaussian(DataType.FLOAT, 4, 2, 1);
    private static final INDArray RIGHT = gaussian(DataType.FLOAT, 2, 5, 2);

    /** Creates a record of the type from a left and a right factor. */
    @FunctionalInterface
    private interface Factory {
        Object of(INDArray left, INDArray right);
    }

    static Stream<Arguments> records() {
        Factory factors = LowRankFactors::new;
        Factory qr = ThinQr::new;
        Factory triplets = (left, right) -> new Triplets(left, Nd4j.ones(DataType.FLOAT, 2), right);
        return Stream.of(
                Arguments.of(factors, "LowRankFactors[B [4, 2] FLOAT, A [2, 5] FLOAT]"),
                Arguments.of(qr, "ThinQr[Q [4, 2] FLOAT, R [2, 5] FLOAT]"),
                Arguments.of(triplets, "Triplets[U [4, 2] FLOAT, S [2] FLOAT, Vᵀ [2, 5] FLOAT]"));
    }

    @ParameterizedTest
    @MethodSource("records")
    void equalBitsInAnotherMemoryOrderAreEqual(Factory record) {
        Object one = record.of(LEFT.dup('c'), RIGHT.dup('c'));
        Object other = record.of(LEFT.dup('f'), RIGHT.dup('f'));

        assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
    }

    @ParameterizedTest
    @MethodSource("records")
    void differencesBelowTheToleranceOfNd4jCount(Factory record) {
        INDArray tiny = RIGHT.dup();
        tiny.putScalar(1, 3, 1e-6);
        INDArray negative = RIGHT.dup();
        negative.putScalar(1, 3, -8e-6);

        assertThat(tiny).as("ND4J has a tolerance").isEqualTo(negative);
        assertThat(record.of(LEFT, tiny)).isNotEqualTo(record.of(LEFT, negative));
        assertThat(record.of(tiny.transpose(), LEFT.transpose()))
                .isNotEqualTo(record.of(negative.transpose(), LEFT.transpose()));
    }

    @ParameterizedTest
    @MethodSource("records")
    void otherTypesShapesAndRecordsAreNotEqual(Factory record) {
        Object one = record.of(LEFT, RIGHT);

        assertThat(one)
                .isNotEqualTo(record.of(LEFT, gaussian(DataType.FLOAT, 2, 6, 2)))
                .isNotEqualTo(record.of(RIGHT.transpose(), LEFT.transpose()))
                .isNotEqualTo("factors");
        assertThat(new LowRankFactors(LEFT, RIGHT))
                .isNotEqualTo(new LowRankFactors(LEFT.castTo(DataType.DOUBLE), RIGHT.castTo(DataType.DOUBLE)));
    }

    @ParameterizedTest
    @MethodSource("records")
    void toStringHasTheShapesAndNoEntries(Factory record, String expected) {
        assertThat(record.of(LEFT, RIGHT)).hasToString(expected);
    }
}
