package org.lora4j.onednn;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The shape of a matrix and its place in memory. Strides that do not matter, because there is a single row or column, are
 * those of a dense matrix in 'c' order.
 */
record MatrixLayout(long rows, long columns, long rowStride, long columnStride) {
    static MatrixLayout of(INDArray matrix) {
        long rows = matrix.size(0);
        long columns = matrix.size(1);
        long columnStride = columns == 1 ? 1 : matrix.stride(1);
        return new MatrixLayout(rows, columns, rows == 1 ? columns * columnStride : matrix.stride(0), columnStride);
    }

    static MatrixLayout dense(long rows, long columns) {
        return new MatrixLayout(rows, columns, columns, 1);
    }

    /** The same matrix with other rows. */
    MatrixLayout withRows(long count) {
        return new MatrixLayout(count, columns, count == 1 ? columns * columnStride : rowStride, columnStride);
    }

    /** Some columns of the same matrix. */
    MatrixLayout withColumns(long count) {
        return new MatrixLayout(rows, count, rows == 1 ? count * columnStride : rowStride, columnStride);
    }

    /** Whether each row is in one piece, and the rows follow each other. */
    boolean isInRows() {
        return columnStride == 1 && rowStride >= columns;
    }

    boolean isDenseInRows() {
        return columnStride == 1 && rowStride == columns;
    }

    /** Whether some elements share their memory, as those of a broadcast do. */
    boolean overlaps() {
        return rowStride <= 0 || columnStride <= 0;
    }
}
