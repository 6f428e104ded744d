package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class MatrixCopyTest {
    private final MatrixCopy copy = new MatrixCopy();

    @ParameterizedTest
    @CsvSource({"FLOAT, 1, 2", "FLOAT, 7, 1", "DOUBLE, 5, 33", "FLOAT, 32, 64", "FLOAT, 130, 127"})
    void copiesInEveryOrder(DataType type, int rows, int columns) {
        INDArray x = Samples.gaussian(1, type, rows, columns);
        for (char from : List.of('c', 'f')) {
            for (char to : List.of('c', 'f')) {
                INDArray target = Nd4j.create(type, new long[] {rows, columns}, to);
                assertThat(copy.run(x.dup(from), target)).isSameAs(target).isEqualTo(x);
            }
            INDArray duplicate = copy.duplicate(x.dup(from));
            assertThat(duplicate).isEqualTo(x);
            assertThat(duplicate.ordering()).isEqualTo('c');
        }
    }

    @Test
    void readsAndWritesViews() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 10, 12)
                .get(NDArrayIndex.interval(2, 3, 8), NDArrayIndex.interval(1, 2, 9));
        INDArray memory = Nd4j.create(DataType.FLOAT, 6, x.size(1));
        INDArray view = memory.get(NDArrayIndex.interval(3, 3 + x.size(0)), NDArrayIndex.all());
        copy.run(x, view);
        assertThat(view.toFloatMatrix()).isDeepEqualTo(x.dup('c').toFloatMatrix());
        assertThat(memory.getRows(0, 1, 2).ravel().toFloatVector()).containsOnly(0);
    }
}
