package org.lora4j.internal.math;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes parts of the rows of {@code aᵀ·b} on the Java heap, for two FLOAT matrices of few rows. Each part is as small as
 * its reader likes, so that it stays in the first-level cache. Zeros in {@code a} cost no time and contribute nothing.
 */
public final class HeapProduct {
    private final int columns;
    private final int piece;
    private int rows;
    private float[] left = new float[0];
    private float[] right = new float[0];
    private float[] line = new float[0];

    /** The rows of b by piece, because the JVM vectorizes only loops that start at the first element of an array. */
    private float[][][] pieces = new float[0][0][0];

    /**
     * Creates a product without factors.
     *
     * @param columns the number of columns of b
     * @param piece the largest number of elements of a part of a row
     */
    public HeapProduct(int columns, int piece) {
        this.columns = columns;
        this.piece = piece;
    }

    /**
     * Copies the factors to the heap.
     *
     * @param a a matrix {@code [n, m]} with the same m in each call
     * @param b a matrix {@code [n, columns]}
     */
    public void of(INDArray a, INDArray b) {
        rows = Math.toIntExact(a.size(0));
        left = readColumns(a, left);
        right = readColumns(b, right);
        int count = (columns + piece - 1) / piece;
        if (pieces.length == 0 || pieces[0].length < rows) {
            pieces = IntStream.range(0, count)
                    .mapToObj(p -> new float[rows][Math.min(piece, columns - p * piece)])
                    .toArray(float[][][]::new);
        }
        for (int p = 0; p < count; p++) {
            for (int i = 0; i < rows; i++) {
                takeRow(right, p * piece * rows + i, rows, pieces[p][i]);
            }
        }
    }

    private static void takeRow(float[] values, int first, int stride, float[] row) {
        for (int j = 0; j < row.length; j++) {
            row[j] = values[first + j * stride];
        }
    }

    /** Reads a matrix so that element {@code (i, j)} is at {@code i + j·rows}. */
    private float[] readColumns(INDArray matrix, float[] former) {
        int width = Math.toIntExact(matrix.size(1));
        float[] values = former.length < rows * width ? new float[rows * width] : former;
        boolean isPacked = (rows == 1 || matrix.stride(0) == 1) && (width == 1 || matrix.stride(1) == rows);
        if (!isPacked && matrix.stride(1) == 1) {
            readRows(new ArrayMemory(matrix), Math.toIntExact(matrix.stride(0)), width, values);
        } else {
            new ArrayMemory(isPacked ? matrix : matrix.dup('f')).get(0, values, 0, rows * width);
        }
        return values;
    }

    private void readRows(ArrayMemory memory, int stride, int width, float[] values) {
        line = line.length < width ? new float[width] : line;
        for (int i = 0; i < rows; i++) {
            memory.get(i * stride, line, 0, width);
            for (int j = 0; j < width; j++) {
                values[i + j * rows] = line[j];
            }
        }
    }

    /** Returns a reader; each thread needs its own. */
    public Reader reader() {
        return new Reader();
    }

    /** Computes parts of the product, with the factors of the last {@link #of}. */
    public final class Reader {
        private float[] factors = new float[4];
        private float[][] terms = new float[4][];

        private Reader() {}

        /**
         * Computes a part of a row.
         *
         * @param row the row of the product, a column of a
         * @param p the index of the part
         * @param target gets the elements of the part, from 0
         */
        public void read(int row, int p, float[] target) {
            int count = collect(row, pieces[p]);
            int length = Math.min(piece, columns - p * piece);
            Arrays.fill(target, 0, length, 0);
            for (int k = 0; k < count; k += 4) {
                if (count - k > 2) {
                    add(target, length, k);
                } else {
                    addTwo(target, length, k);
                }
            }
        }

        /** Collects the factors that are not zero, and zeros up to a multiple of four. Returns the number of the former. */
        private int collect(int row, float[][] lines) {
            if (factors.length < rows + 4) {
                factors = new float[rows + 4];
                terms = new float[rows + 4][];
            }
            int count = 0;
            for (int i = 0; i < rows; i++) {
                float factor = left[row * rows + i];
                if (factor != 0) {
                    factors[count] = factor;
                    terms[count++] = lines[i];
                }
            }
            for (int k = count; count > 0 && k < count + 3; k++) {
                factors[k] = 0;
                terms[k] = terms[count - 1];
            }
            return count;
        }

        private void add(float[] target, int length, int k) {
            addFour(
                    target,
                    length,
                    factors[k],
                    terms[k],
                    factors[k + 1],
                    terms[k + 1],
                    factors[k + 2],
                    terms[k + 2],
                    factors[k + 3],
                    terms[k + 3]);
        }

        private void addTwo(float[] target, int length, int k) {
            float fa = factors[k];
            float fb = factors[k + 1];
            float[] a = terms[k];
            float[] b = terms[k + 1];
            for (int i = 0; i < length; i++) {
                target[i] += fa * a[i] + fb * b[i];
            }
        }
    }

    private static void addFour(
            float[] target,
            int length,
            float fa,
            float[] a,
            float fb,
            float[] b,
            float fc,
            float[] c,
            float fd,
            float[] d) {
        for (int i = 0; i < length; i++) {
            target[i] += fa * a[i] + fb * b[i] + (fc * c[i] + fd * d[i]);
        }
    }
}
