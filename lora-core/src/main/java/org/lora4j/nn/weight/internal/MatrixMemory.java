package org.lora4j.nn.weight.internal;

import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The native memory of a matrix with its strides: element {@code (i, j)} is at {@code i·rowStride + j·columnStride}.
 *
 * @param memory the memory
 * @param rows the number of rows
 * @param columns the number of columns
 * @param rowStride the distance between the rows
 * @param columnStride the distance between the columns
 */
record MatrixMemory(ArrayMemory memory, int rows, int columns, int rowStride, int columnStride) {
    /** Opens the memory of a matrix of FLOAT or DOUBLE. It can be a view. */
    static MatrixMemory of(INDArray matrix) {
        int rows = Math.toIntExact(matrix.size(0));
        int columns = Math.toIntExact(matrix.size(1));
        // The stride of a dimension with one element says nothing.
        return new MatrixMemory(
                new ArrayMemory(matrix),
                rows,
                columns,
                rows == 1 ? 1 : Math.toIntExact(matrix.stride(0)),
                columns == 1 ? 1 : Math.toIntExact(matrix.stride(1)));
    }

    MatrixMemory transpose() {
        return new MatrixMemory(memory, columns, rows, columnStride, rowStride);
    }

    /** Copies the elements of a row of FLOAT or DOUBLE. */
    void get(int row, float[] target) {
        int start = row * rowStride;
        if (rowsAreContiguous()) {
            memory.get(start, target, 0, columns);
            return;
        }
        for (int j = 0; j < columns; j++) {
            target[j] = (float) memory.get(start + j * columnStride);
        }
    }

    /** Copies elements to a row, from a column on. */
    void put(int row, int column, float[] source, int count) {
        int start = row * rowStride + column * columnStride;
        if (rowsAreContiguous()) {
            memory.put(start, source, 0, count);
            return;
        }
        for (int j = 0; j < count; j++) {
            memory.put(start + j * columnStride, source[j]);
        }
    }

    /** Whether the elements of a row follow each other. */
    boolean rowsAreContiguous() {
        return columnStride == 1;
    }
}
