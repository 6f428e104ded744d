package org.lora4j.internal.math;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Copies blocks of columns of a matrix to the Java heap and back. Loops on the heap are faster than several ND4J operations
 * in a row. The copies are doubles for both types of the matrix.
 *
 * <p>It keeps its matrix alive until it is bound to another one. Not thread-safe.
 */
public final class HeapColumns {
    /** A block of this many elements stays in the first-level cache. */
    private static final int BLOCK = 1024;

    private @Nullable INDArray bound;
    private @Nullable ArrayMemory memory;
    private float[] converted = new float[0];
    private float[] row = new float[0];
    private double[] values = new double[0];
    private int rows;
    private int columns;
    private int rowStride;
    private int columnStride;
    private boolean isTransposed;

    /** Creates an instance that is not bound to a matrix. */
    public HeapColumns() {}

    /**
     * Returns the number of columns of a block.
     *
     * @param rows the number of rows of the largest matrix
     * @return the number of columns, at least 1
     */
    public static int perBlock(long rows) {
        return (int) Math.max(1, BLOCK / rows);
    }

    /**
     * Returns an array for a block, for {@link #read} and {@link #write}. Each call returns the same array.
     *
     * @param rows the number of rows of the largest matrix
     * @return an array that is large enough for {@link #perBlock} columns, with undefined content
     */
    public double[] values(long rows) {
        int length = Math.toIntExact(rows) * perBlock(rows);
        if (values.length < length) {
            values = new double[length];
        }
        return values;
    }

    /**
     * Returns whether {@link #write} supports a matrix: its rows or its columns must be contiguous. It can be a block of rows
     * of a larger matrix.
     *
     * @param matrix the matrix
     * @return true if {@link #write} can write to it
     */
    public static boolean canWrite(INDArray matrix) {
        return matrix.elementWiseStride() == 1 || (matrix.rank() == 2 && (isLine(matrix, 0) || isLine(matrix, 1)));
    }

    /** Whether the lines along a dimension are contiguous, and do not overlap. */
    private static boolean isLine(INDArray matrix, int dimension) {
        return matrix.stride(dimension) == 1 && matrix.stride(1 - dimension) >= matrix.size(dimension);
    }

    /**
     * Binds this object to a matrix, or to a vector as a matrix of one row. A matrix of which neither rows nor columns
     * are contiguous is copied, and can only be read.
     *
     * @param matrix the matrix, FLOAT or DOUBLE
     * @return this
     */
    public HeapColumns bind(INDArray matrix) {
        return bind(matrix, false);
    }

    /**
     * Binds this object to the transpose of a matrix, whose columns are the rows of the matrix.
     *
     * @param matrix the matrix, FLOAT or DOUBLE
     * @return this
     */
    public HeapColumns bindTranspose(INDArray matrix) {
        return bind(matrix, true);
    }

    /**
     * Binds this object to a matrix or its transpose. Blocks of columns that are contiguous are copied fastest: those of a
     * matrix in 'f' order, and of the transpose of a matrix in 'c' order.
     *
     * @param matrix the matrix, or a vector as a matrix of one row, FLOAT or DOUBLE; if it is not contiguous, it is copied,
     *     and can only be read
     * @param transposed whether the columns are the rows of the matrix
     * @return this
     */
    public HeapColumns bind(INDArray matrix, boolean transposed) {
        if (matrix != bound || transposed != isTransposed) {
            INDArray contiguous = canWrite(matrix) ? matrix : matrix.dup(transposed ? 'c' : 'f');
            memory = new ArrayMemory(contiguous);
            boolean isVector = contiguous.rank() == 1;
            int height = isVector ? 1 : Math.toIntExact(contiguous.size(0));
            int width = Math.toIntExact(contiguous.size(isVector ? 0 : 1));
            int down = isVector ? 1 : Math.toIntExact(contiguous.stride(0));
            int right = isVector ? 1 : Math.toIntExact(contiguous.stride(1));
            rows = transposed ? width : height;
            columns = transposed ? height : width;
            rowStride = transposed ? right : down;
            columnStride = transposed ? down : right;
            isTransposed = transposed;
            bound = contiguous == matrix ? matrix : null;
        }
        return this;
    }

    /**
     * Returns the number of rows of the bound matrix, or of its transpose.
     *
     * @return the length of a column
     */
    public int rows() {
        return rows;
    }

    /**
     * Returns the number of columns of the bound matrix, or of its transpose.
     *
     * @return the number of columns
     */
    public int columns() {
        return columns;
    }

    /**
     * Copies columns to the heap.
     *
     * @param from the first column
     * @param count the number of columns
     * @param values gets element {@code (i, from + j)} at {@code i + j·rows}
     */
    public void read(int from, int count, double[] values) {
        int length = count * rows;
        ArrayMemory source = memory();
        if (source.isFloat()) {
            float[] block = block(length);
            if (isPacked()) {
                source.get(from * rows, block, 0, length);
            } else {
                readRows(source, from, count, block);
            }
            for (int k = 0; k < length; k++) {
                values[k] = block[k];
            }
        } else {
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < rows; i++) {
                    values[i + j * rows] = source.get(i * rowStride + (from + j) * columnStride);
                }
            }
        }
    }

    /** Copies row by row: a matrix whose columns are not contiguous mostly has contiguous rows. */
    private void readRows(ArrayMemory source, int from, int count, float[] block) {
        if (rowStride == 1) {
            for (int j = 0; j < count; j++) {
                source.get((from + j) * columnStride, block, j * rows, rows);
            }
            return;
        }
        if (row.length < count) {
            row = new float[count];
        }
        for (int i = 0; i < rows; i++) {
            if (columnStride == 1) {
                source.get(i * rowStride + from, row, 0, count);
                for (int j = 0; j < count; j++) {
                    block[i + j * rows] = row[j];
                }
            } else {
                for (int j = 0; j < count; j++) {
                    block[i + j * rows] = (float) source.get(i * rowStride + (from + j) * columnStride);
                }
            }
        }
    }

    /**
     * Copies columns from the heap and rounds them to the type of the matrix.
     *
     * @param from the first column
     * @param count the number of columns
     * @param values holds element {@code (i, from + j)} at {@code i + j·rows}
     * @throws IllegalStateException if {@link #canWrite} is false for the matrix
     */
    public void write(int from, int count, double[] values) {
        if (bound == null) {
            throw new IllegalStateException(
                    "write: the rows or the columns of the matrix must be contiguous, found a copy of a matrix without; bind another one");
        }
        int length = count * rows;
        ArrayMemory target = memory();
        if (target.isFloat()) {
            float[] block = block(length);
            for (int k = 0; k < length; k++) {
                block[k] = (float) values[k];
            }
            if (isPacked()) {
                target.put(from * rows, block, 0, length);
            } else {
                writeRows(target, from, count, block);
            }
        } else {
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < rows; i++) {
                    target.put(i * rowStride + (from + j) * columnStride, values[i + j * rows]);
                }
            }
        }
    }

    /** The reverse of {@link #readRows}. */
    private void writeRows(ArrayMemory target, int from, int count, float[] block) {
        if (rowStride == 1) {
            for (int j = 0; j < count; j++) {
                target.put((from + j) * columnStride, block, j * rows, rows);
            }
            return;
        }
        if (row.length < count) {
            row = new float[count];
        }
        for (int i = 0; i < rows; i++) {
            if (columnStride == 1) {
                for (int j = 0; j < count; j++) {
                    row[j] = block[i + j * rows];
                }
                target.put(i * rowStride + from, row, 0, count);
            } else {
                for (int j = 0; j < count; j++) {
                    target.put(i * rowStride + (from + j) * columnStride, block[i + j * rows]);
                }
            }
        }
    }

    private ArrayMemory memory() {
        if (memory == null) {
            throw new IllegalStateException("the columns must be bound to a matrix first");
        }
        return memory;
    }

    private boolean isPacked() {
        return columnStride == rows && (rowStride == 1 || rows == 1);
    }

    private float[] block(int length) {
        if (converted.length < length) {
            converted = new float[length];
        }
        return converted;
    }
}
