package org.lora4j.nn.weight.internal;

import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows of inputs as integers of 22 bits and a scale for each row, {@code x = s·i} with {@code s = max|x| / 2²²}. The sum of the
 * products of a group of 32 with codes of 4 bits is an exact int then. A row that holds NaN or an infinity has the scale NaN.
 *
 * @param rows the integers
 * @param sums those of the integers of each group of 32
 * @param scales the scales
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared.
record Int4Inputs(int[][] rows, int[][] sums, float[] scales) {
    /** A float of less than 2²² is rounded to an integer when this is added and subtracted. */
    private static final float ROUNDING = 3 << 22;

    /** A sum of 32 products with 8 is less than 2³¹, also after rounding. */
    private static final float LARGEST = (1 << 22) - 1;

    /** Rounds the rows of a matrix, whose columns are continued with zeros up to whole groups. */
    static Int4Inputs of(INDArray x, int groups) {
        ArrayMemory.Matrix matrix = ArrayMemory.Matrix.of(x);
        int n = matrix.rows();
        int[][] rows = new int[n][groups * Int4Matrix.GROUP];
        int[][] sums = new int[n][groups];
        float[] scales = new float[n];
        float[] row = new float[matrix.columns()];
        for (int i = 0; i < n; i++) {
            matrix.get(i, row);
            scales[i] = round(row, rows[i]);
            add(rows[i], sums[i]);
        }
        return new Int4Inputs(rows, sums, scales);
    }

    /** Rounds a row, and returns its scale. */
    private static float round(float[] row, int[] rounded) {
        float largest = 0;
        for (float element : row) {
            if (!Float.isFinite(element)) {
                return Float.NaN;
            }
            largest = Math.max(largest, Math.abs(element));
        }
        float inverse = LARGEST / largest;
        if (!Float.isFinite(inverse)) {
            // Rows of numbers near the smallest ones, whose inverse is infinite, count as 0.
            return 0;
        }
        for (int j = 0; j < row.length; j++) {
            rounded[j] = (int) ((row[j] * inverse + ROUNDING) - ROUNDING);
        }
        return largest / LARGEST;
    }

    private static void add(int[] row, int[] sums) {
        for (int j = 0; j < row.length; j++) {
            sums[j / Int4Matrix.GROUP] += row[j];
        }
    }
}
