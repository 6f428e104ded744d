package org.lora4j.onednn;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A factor or the result as BLAS reads it: rows in one piece, or the transpose of such a matrix.
 *
 * @param stride the distance of the rows in memory, or that of the columns if it is transposed
 */
record Operand(long rows, long columns, boolean isTransposed, long stride, long address) {
    /** Returns null if the elements of neither rows nor columns follow each other. */
    static @Nullable Operand of(INDArray matrix, boolean transpose) {
        long address = Memory.addressOf(matrix);
        return transpose
                ? of(matrix.size(1), matrix.size(0), matrix.stride(1), matrix.stride(0), address)
                : of(matrix.size(0), matrix.size(1), matrix.stride(0), matrix.stride(1), address);
    }

    private static @Nullable Operand of(long rows, long columns, long rowStride, long columnStride, long address) {
        if ((columns == 1 || columnStride == 1) && (rows == 1 || rowStride >= columns)) {
            return new Operand(rows, columns, false, rows == 1 ? columns : rowStride, address);
        }
        if ((rows == 1 || rowStride == 1) && (columns == 1 || columnStride >= rows)) {
            return new Operand(rows, columns, true, columns == 1 ? rows : columnStride, address);
        }
        return null;
    }

    Operand transpose() {
        return new Operand(columns, rows, !isTransposed, stride, address);
    }

    /** The distance of the elements of a row in memory. */
    long step() {
        return isTransposed ? stride : 1;
    }

    /** Whether the elements of a row follow each other. Those of a single column do in both ways. */
    boolean isInRows() {
        return !isTransposed || rows == 1;
    }

    boolean isInColumns() {
        return isTransposed || columns == 1;
    }

    byte transposition() {
        return (byte) (isTransposed ? 'T' : 'N');
    }

    /** The address of the first element of a row. */
    long row(long row) {
        return address + Float.BYTES * row * (isTransposed ? 1 : stride);
    }

    long column(long column) {
        return address + Float.BYTES * column * (isTransposed ? stride : 1);
    }
}
