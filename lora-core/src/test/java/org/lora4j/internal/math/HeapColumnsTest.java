package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class HeapColumnsTest {
    private static INDArray numbered(DataType type, char order, int rows, int columns) {
        return Nd4j.arange(rows * columns).reshape(rows, columns).castTo(type).dup(order);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, c", "FLOAT, f", "DOUBLE, c", "DOUBLE, f"})
    void readsColumnsOneAfterTheOther(DataType type, char order) {
        double[] values = new double[6];

        new HeapColumns().bind(numbered(type, order, 3, 4)).read(1, 2, values);

        assertThat(values).containsExactly(1, 5, 9, 2, 6, 10);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, c", "FLOAT, f", "DOUBLE, c", "DOUBLE, f"})
    void readsTheTranspose(DataType type, char order) {
        double[] values = new double[8];

        new HeapColumns().bindTranspose(numbered(type, order, 3, 4)).read(1, 2, values);

        assertThat(values).containsExactly(4, 5, 6, 7, 8, 9, 10, 11);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, c", "FLOAT, f", "DOUBLE, c", "DOUBLE, f"})
    void writesColumns(DataType type, char order) {
        INDArray matrix = Nd4j.zeros(type, 3, 4).dup(order);

        new HeapColumns().bind(matrix).write(2, 2, new double[] {1, 2, 3, 4, 5, 6});

        assertThat(Samples.bits(matrix)).containsExactly(0, 0, 1, 4, 0, 0, 2, 5, 0, 0, 3, 6);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, c", "FLOAT, f", "DOUBLE, c", "DOUBLE, f"})
    void writesTheTranspose(DataType type, char order) {
        INDArray matrix = Nd4j.zeros(type, 3, 4).dup(order);

        new HeapColumns().bindTranspose(matrix).write(1, 2, new double[] {1, 2, 3, 4, 5, 6, 7, 8});

        assertThat(Samples.bits(matrix)).containsExactly(0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT", "DOUBLE"})
    void readsTheTransposeOfAMatrixThatIsNotContiguous(DataType type) {
        INDArray view = numbered(type, 'c', 4, 4).get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(1, 3));
        double[] values = new double[4];

        new HeapColumns().bindTranspose(view).read(0, 2, values);

        assertThat(values).containsExactly(5, 6, 9, 10);
    }

    @Test
    void bindsAnewToTheTransposeOfTheSameMatrix() {
        INDArray matrix = numbered(DataType.FLOAT, 'c', 2, 2);
        HeapColumns columns = new HeapColumns().bind(matrix);
        double[] values = new double[2];

        columns.bind(matrix, true).read(0, 1, values);

        assertThat(values).containsExactly(0, 1);
    }

    @ParameterizedTest
    @CsvSource({"c,false", "c,true", "f,false", "f,true"})
    void readsAndWritesABlockOfALargerMatrix(char order, boolean transposed) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            INDArray all = Nd4j.linspace(type, 1, 42, 1).reshape(6, 7).dup(order);
            INDArray block = all.get(NDArrayIndex.interval(1, 4), NDArrayIndex.interval(2, 7));
            INDArray expected = (transposed ? block.transpose() : block).dup('f');
            HeapColumns columns = new HeapColumns().bind(block, transposed);
            double[] values = new double[15];

            columns.read(0, columns.columns(), values);
            assertThat(values).containsExactly(expected.data().asDouble());
            for (int k = 0; k < values.length; k++) {
                values[k] = -values[k];
            }
            columns.write(0, columns.columns(), values);

            assertThat(HeapColumns.canWrite(block)).isTrue();
            assertThat(transposed ? block.transpose() : block).isEqualTo(expected.neg());
            assertThat(all.getDouble(0, 2)).isEqualTo(3);
            assertThat(all.getDouble(1, 1)).isEqualTo(9);
        }
    }

    @Test
    void refusesToWriteToACopy() {
        INDArray view = Nd4j.zeros(DataType.FLOAT, 4, 6).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2, 6));
        HeapColumns columns = new HeapColumns().bind(view);

        assertThat(HeapColumns.canWrite(view)).isFalse();
        assertThatIllegalStateException()
                .isThrownBy(() -> columns.write(0, 1, new double[2]))
                .withMessage("write: the rows or the columns of the matrix must be contiguous, found a copy of a matrix"
                        + " without; bind another one");
    }

    @ParameterizedTest
    @CsvSource({"FLOAT", "DOUBLE"})
    void treatsAVectorAsARow(DataType type) {
        INDArray vector = Nd4j.arange(5).castTo(type);
        HeapColumns columns = new HeapColumns().bind(vector);
        double[] values = new double[3];

        columns.read(2, 3, values);
        columns.write(0, 1, new double[] {7});

        assertThat(values).containsExactly(2, 3, 4);
        assertThat(vector.getDouble(0)).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"c", "f"})
    void readsTheCurrentValuesOfAView(char order) {
        INDArray whole = numbered(DataType.FLOAT, order, 3, 4);
        INDArray view = whole.get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(2, 4));
        HeapColumns columns = new HeapColumns();
        double[] values = new double[4];
        columns.bind(view).read(0, 2, values);
        assertThat(values).containsExactly(6, 10, 7, 11);

        whole.putScalar(1, 2, 50);
        columns.bind(view).read(0, 2, values);
        assertThat(values).containsExactly(50, 10, 7, 11);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT", "DOUBLE"})
    void readsAndWritesABlockOfRows(DataType type) {
        INDArray whole = numbered(type, 'c', 4, 3);
        INDArray block = new RowBlocks().of(whole, 1, 2);
        HeapColumns columns = new HeapColumns().bind(block);
        double[] values = new double[4];

        columns.read(1, 2, values);
        assertThat(values).containsExactly(4, 7, 5, 8);
        columns.write(0, 2, new double[] {50, 51, 52, 53});

        assertThat(HeapColumns.canWrite(block)).isTrue();
        assertThat(Samples.bits(whole)).containsExactly(0, 1, 2, 50, 52, 5, 51, 53, 8, 9, 10, 11);
    }
}
