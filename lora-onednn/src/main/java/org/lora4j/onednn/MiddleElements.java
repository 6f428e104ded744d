package org.lora4j.onednn;

import org.lora4j.internal.math.Int8Scale;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The elements of a weight that lie in the middle of two integers of 8 bits. oneDNN multiplies an element with the inverse of its
 * scale, and {@link Int8Scale#code} divides it by the scale. Both are rounded, so an element close to a middle can become another
 * integer. As the weights must not depend on whether a processor has this engine, such elements are rounded here, and far from each
 * middle when oneDNN gets them.
 */
final class MiddleElements {
    /** Both quotients differ by less than 127 · 2⁻²². */
    private static final float CLOSE = 1e-4f;

    private MiddleElements() {}

    /**
     * Returns a weight whose elements close to a middle are rounded.
     *
     * @param weight {@code W [out, in]}
     * @param scales the scale of each row
     * @return the weight itself if it has no such elements
     */
    static INDArray rounded(INDArray weight, float[] scales) {
        int width = Math.toIntExact(weight.size(1));
        boolean isInRows = ArrayMemory.isInRows(weight);
        INDArray rows = isInRows ? weight : weight.dup('c');
        ArrayMemory elements = new ArrayMemory(rows);
        INDArray rounded = null;
        float[] row = new float[width];
        for (int i = 0; i < scales.length; i++) {
            int first = Math.multiplyExact(i, width);
            elements.get(first, row, 0, width);
            if (round(row, scales[i])) {
                if (rounded == null) {
                    rounded = isInRows ? weight.dup('c') : rows;
                }
                new ArrayMemory(rounded).put(first, row, 0, width);
            }
        }
        if (rounded == null && !isInRows) {
            rows.close();
        }
        return rounded == null ? weight : rounded;
    }

    /** Rounds what is close to a middle, and returns whether there was something. */
    private static boolean round(float[] row, float scale) {
        float inverse = 1 / scale;
        boolean isFound = false;
        for (int j = 0; j < row.length; j++) {
            float quotient = row[j] * inverse;
            if (Math.abs(quotient - Math.rint(quotient)) > 0.5f - CLOSE) {
                row[j] = Int8Scale.code(row[j], scale) * scale;
                isFound = true;
            }
        }
        return isFound;
    }
}
