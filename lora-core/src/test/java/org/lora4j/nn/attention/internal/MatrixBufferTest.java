package org.lora4j.nn.attention.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.attention.internal.HeadProducts.MatrixBuffer;
import org.nd4j.linalg.api.buffer.DataType;

class MatrixBufferTest {
    private final MatrixBuffer buffer = new MatrixBuffer(DataType.FLOAT);

    private long address(int rows, int columns) {
        MatrixBuffer.Matrix matrix = buffer.of(0, rows, columns);
        assertThat(matrix.array().shape()).containsExactly(rows, columns);
        return matrix.array().data().address();
    }

    /** The scores of a text have another column for each token. Each piece of memory stays until the next garbage collection. */
    @Test
    void aTextThatGrowsNeedsFewPiecesOfMemory() {
        Set<Long> pieces = new HashSet<>();
        for (int columns = 1; columns <= 2000; columns++) {
            pieces.add(address(4, columns));
        }
        assertThat(pieces).hasSizeLessThan(40);
    }

    @Test
    void theSameShapeHasTheSameArray() {
        assertThat(buffer.of(0, 2, 3)).isSameAs(buffer.of(0, 2, 3));
        assertThat(buffer.of(1, 2, 3).array().offset()).isEqualTo(3);
    }
}
