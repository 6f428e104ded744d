package org.lora4j.internal.math;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Copies some rows of a FLOAT matrix to the Java heap and back. Each row is stored in several small arrays, because the JVM
 * vectorizes only loops that start at the first element of an array. Not thread-safe.
 */
final class HeapRows {
    /** The maximum number of rows at a time. */
    static final int MAX_ROWS = 32;

    /** The number of elements of one small array, which stays in the first-level cache. */
    static final int PIECE = 256;

    /** The number of columns that are copied at a time. */
    private static final int BLOCK = 64;

    private float[][][] pieces = new float[MAX_ROWS][0][];
    private float[] block = new float[0];

    private @Nullable INDArray bound;
    private @Nullable ArrayMemory memory;
    private int height;
    private int width;
    private boolean rowsAreContiguous;

    /** Binds this object to a matrix in 'c' or 'f' order. */
    HeapRows bind(INDArray matrix) {
        if (matrix != bound) {
            memory = new ArrayMemory(matrix);
            height = (int) matrix.size(0);
            width = (int) matrix.size(1);
            rowsAreContiguous = matrix.stride(1) == 1;
            bound = matrix;
            int count = (width + PIECE - 1) / PIECE;
            if (pieces[0].length < count) {
                pieces = new float[MAX_ROWS][count][PIECE];
            }
        }
        return this;
    }

    private ArrayMemory memory() {
        if (memory == null) {
            throw new IllegalStateException("the rows must be bound to a matrix first");
        }
        return memory;
    }

    /** Returns the i-th row; the elements after its end are undefined. */
    float[][] row(int i) {
        return pieces[i];
    }

    /** Sets the first rows to 0. */
    void clear(int count) {
        int used = (width + PIECE - 1) / PIECE;
        for (int i = 0; i < count; i++) {
            for (int p = 0; p < used; p++) {
                Arrays.fill(pieces[i][p], 0);
            }
        }
    }

    /** Copies rows of the matrix. The row numbers are in ascending order. */
    void read(int[] rows, int count) {
        if (rowsAreContiguous) {
            for (int i = 0; i < count; i++) {
                for (int from = 0; from < width; from += PIECE) {
                    memory().get(rows[i] * width + from, pieces[i][from / PIECE], 0, Math.min(PIECE, width - from));
                }
            }
            return;
        }
        int first = rows[0];
        int span = span(rows, count);
        for (int from = 0; from < width; from += BLOCK) {
            int columns = readBlock(from, first, span);
            for (int i = 0; i < count; i++) {
                gather(block, rows[i] - first, span, pieces[i][from / PIECE], from % PIECE, columns);
            }
        }
    }

    /** Adds the rows to rows of the matrix. The row numbers are in ascending order. */
    void addTo(int[] rows, int count) {
        if (rowsAreContiguous) {
            addToContiguous(rows, count);
            return;
        }
        int first = rows[0];
        int span = span(rows, count);
        for (int from = 0; from < width; from += BLOCK) {
            int columns = readBlock(from, first, span);
            for (int i = 0; i < count; i++) {
                scatter(pieces[i][from / PIECE], from % PIECE, columns, block, rows[i] - first, span);
            }
            for (int k = 0; k < columns; k++) {
                memory().put((from + k) * height + first, block, k * span, span);
            }
        }
    }

    private void addToContiguous(int[] rows, int count) {
        if (block.length < PIECE) {
            block = new float[PIECE];
        }
        for (int i = 0; i < count; i++) {
            for (int from = 0; from < width; from += PIECE) {
                int length = Math.min(PIECE, width - from);
                memory().get(rows[i] * width + from, block, 0, length);
                add(pieces[i][from / PIECE], block, length);
                memory().put(rows[i] * width + from, block, 0, length);
            }
        }
    }

    private static void add(float[] row, float[] sums, int length) {
        for (int k = 0; k < length; k++) {
            sums[k] += row[k];
        }
    }

    private static void gather(float[] block, int first, int stride, float[] row, int from, int columns) {
        for (int k = 0; k < columns; k++) {
            row[from + k] = block[first + k * stride];
        }
    }

    private static void scatter(float[] row, int from, int columns, float[] block, int first, int stride) {
        for (int k = 0; k < columns; k++) {
            block[first + k * stride] += row[from + k];
        }
    }

    /** Copies the given rows of up to {@link #BLOCK} columns and returns the number of columns. */
    private int readBlock(int from, int first, int span) {
        int columns = Math.min(BLOCK, width - from);
        if (block.length < BLOCK * span) {
            block = new float[BLOCK * span];
        }
        for (int k = 0; k < columns; k++) {
            memory().get((from + k) * height + first, block, k * span, span);
        }
        return columns;
    }

    private static int span(int[] rows, int count) {
        return rows[count - 1] - rows[0] + 1;
    }
}
