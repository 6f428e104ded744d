package org.lora4j.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class BatchBufferTest {
    private final BatchBuffer buffer = new BatchBuffer(DataType.DOUBLE, 3);

    @Test
    void returnsColumnMajorMatricesOfTheRequestedSize() {
        INDArray rows = buffer.rows(5);
        assertThat(rows.shape()).containsExactly(5, 3);
        assertThat(rows.stride()).containsExactly(1, 5);
        assertThat(rows.ordering()).isEqualTo('f');
        assertThat(rows.dataType()).isEqualTo(DataType.DOUBLE);
    }

    @Test
    void returnsTheSameArrayForARepeatedSize() {
        INDArray ten = buffer.rows(10);
        INDArray three = buffer.rows(3);
        assertThat(buffer.rows(10)).isSameAs(ten);
        assertThat(buffer.rows(10)).isSameAs(ten);
        assertThat(buffer.rows(3)).isSameAs(three);
    }

    @Test
    void keepsItsContentWhileTheSizeStays() {
        buffer.rows(4).assign(7);
        assertThat(buffer.rows(4).minNumber().doubleValue()).isEqualTo(7);
    }

    @Test
    void growsWithTheBatch() {
        INDArray small = buffer.rows(2);
        INDArray large = buffer.rows(100);
        large.assign(1);
        assertThat(large.sumNumber().doubleValue()).isEqualTo(300);
        assertThat(buffer.rows(2)).isNotSameAs(small);
    }

    @Test
    void supportsManySizes() {
        for (int n = 1; n <= 50; n++) {
            INDArray rows = buffer.rows(n).assign(n);
            assertThat(rows.sumNumber().doubleValue()).isEqualTo(3.0 * n * n);
        }
    }
}
