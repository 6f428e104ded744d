package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class LowRankFactorsTest {
    @Test
    void multiplies() {
        INDArray b = Matrices.of(DataType.FLOAT, new double[][] {{1, 2}, {3, 4}, {5, 6}});
        INDArray a = Matrices.of(DataType.FLOAT, new double[][] {{1, 0}, {-1, 2}});

        LowRankFactors factors = new LowRankFactors(b, a);

        assertThat(factors.rank()).isEqualTo(2);
        assertThat(factors.product().toDoubleMatrix()).isDeepEqualTo(new double[][] {{-1, 4}, {-1, 8}, {-1, 12}});
        assertThat(factors.product().ordering()).isEqualTo('c');
    }

    @TestFactory
    List<DynamicTest> refusesFactorsWithoutAProduct() {
        return table(
                argument(() -> new LowRankFactors(Nd4j.ones(DataType.FLOAT, 5, 2), Nd4j.ones(DataType.FLOAT, 3, 4)))
                        .says(
                                "low-rank factors: the left factor must have as many columns as the right one has rows, found"
                                        + " shapes [5, 2] and [3, 4]"),
                argument(() -> new LowRankFactors(Nd4j.ones(DataType.FLOAT, 5, 3), Nd4j.ones(DataType.DOUBLE, 3, 4)))
                        .says("low-rank factors: both factors must have the same type, found FLOAT and DOUBLE"),
                argument(() -> new LowRankFactors(Nd4j.ones(DataType.FLOAT, 3), Nd4j.ones(DataType.FLOAT, 3, 4)))
                        .says("low-rank factors: the array must be a matrix (2 dimensions), found shape [3]"));
    }
}
