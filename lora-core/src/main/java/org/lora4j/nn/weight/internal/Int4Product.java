package org.lora4j.nn.weight.internal;

import java.util.Arrays;
import java.util.function.Consumer;
import org.lora4j.internal.math.Int4Scale;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.CodeMemory;
import org.lora4j.internal.memory.IdlePool;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The product of a few rows with an {@link Int4Matrix}, and its rows as floats. The JVM vectorizes each loop here. The sums of a
 * group are exact integers, so a row of the result has the same bits on every processor, whatever the other rows are.
 */
final class Int4Product {
    private static final IdlePool<Int4Product> IDLE = new IdlePool<>(Int4Product::new);

    private static final int CODE = 15;

    /** The bits of the float 2²³. With a code in the lowest bits, they are those of the float {@code 2²³ + code}. */
    private static final int FLOAT_BITS = 0x4b00_0000;

    private static final float FLOAT = 0x1p23f;

    /**
     * A processor takes addresses with the same lower 12 bits for the same at first. With this distance, it does not wait for
     * sums to be written before it reads codes.
     */
    private static final int DISTANCE = 768;

    private final int[] sums = new int[Int4Matrix.MOST_ROWS + DISTANCE];
    private final int[] codes = new int[Int4Matrix.MOST_ROWS];
    private final float[] scales = new float[Int4Matrix.MOST_ROWS];
    private final float[] offsets = new float[Int4Matrix.MOST_ROWS];
    private final float[] results = new float[Int4Matrix.MOST_ROWS];

    private Int4Product() {}

    /** Lends the arrays that a product needs. */
    static void use(Consumer<Int4Product> computation) {
        IDLE.use(product -> {
            computation.accept(product);
            return product;
        });
    }

    /** Computes the columns {@code [from, to)} of {@code y = x·Wᵀ}. */
    void run(Int4Matrix matrix, int from, int to, Int4Inputs inputs, INDArray y) {
        ArrayMemory.Matrix target = ArrayMemory.Matrix.of(y);
        int first = from;
        while (first < to) {
            int count = Math.min(to, matrix.tileEnd(first)) - first;
            for (int i = 0; i < target.rows(); i++) {
                multiply(matrix, first, count, inputs.rows()[i], inputs.sums()[i]);
                scale(results, inputs.scales()[i], count);
                target.put(i, first, results, count);
            }
            first += count;
        }
    }

    private void multiply(Int4Matrix matrix, int first, int count, int[] x, int[] sumsOfX) {
        Arrays.fill(results, 0, count, 0);
        int j = 0;
        for (int g = 0; g < sumsOfX.length; g++) {
            Arrays.fill(sums, 0, count, matrix.hasOffsets() ? 0 : -Int4Scale.ZERO * sumsOfX[g]);
            for (int end = j + Int4Matrix.GROUP; j < end; j += Int4Matrix.CODES) {
                matrix.readCodes(first, j / Int4Matrix.CODES, codes, count);
                addEight(
                        sums, codes, count, x[j], x[j + 1], x[j + 2], x[j + 3], x[j + 4], x[j + 5], x[j + 6], x[j + 7]);
            }
            matrix.readScales(first, g, scales, count);
            addScaled(results, sums, scales, count);
            if (matrix.readOffsets(first, g, offsets, count)) {
                addMultiple(results, offsets, sumsOfX[g], count);
            }
        }
    }

    /** Adds the products of 8 inputs with their codes. The order of the terms matters for the JVM, not for the sum. */
    private static void addEight(
            int[] sums, int[] codes, int count, int x0, int x1, int x2, int x3, int x4, int x5, int x6, int x7) {
        for (int j = 0; j < count; j++) {
            int c = codes[j];
            sums[j] = sums[j]
                    + x0 * (c & CODE)
                    + x1 * ((c >>> 4) & CODE)
                    + x2 * ((c >>> 8) & CODE)
                    + x3 * ((c >>> 12) & CODE)
                    + x4 * ((c >>> 16) & CODE)
                    + x5 * ((c >>> 20) & CODE)
                    + x6 * ((c >>> 24) & CODE)
                    + x7 * (c >>> 28);
        }
    }

    private static void addScaled(float[] results, int[] sums, float[] scales, int count) {
        for (int j = 0; j < count; j++) {
            results[j] = results[j] + scales[j] * sums[j];
        }
    }

    private static void addMultiple(float[] results, float[] offsets, float factor, int count) {
        for (int j = 0; j < count; j++) {
            results[j] = results[j] + offsets[j] * factor;
        }
    }

    private static void scale(float[] results, float scale, int count) {
        for (int j = 0; j < count; j++) {
            results[j] = results[j] * scale;
        }
    }

    /**
     * Copies groups of columns of rows of one tile as floats.
     *
     * @param fromGroup the first group
     * @param toGroup the group after the last one
     * @param target {@code [count, in]} in 'f' order
     */
    void expand(Int4Matrix matrix, int first, int count, int fromGroup, int toGroup, INDArray target) {
        int end = Math.min(matrix.width(), toGroup * Int4Matrix.GROUP);
        ArrayMemory floats = new ArrayMemory(target);
        CodeMemory bits = new CodeMemory(target);
        boolean hasOffsets = false;
        for (int j = fromGroup * Int4Matrix.GROUP; j < end; j++) {
            int inInt = j % Int4Matrix.CODES;
            if (inInt == 0) {
                matrix.readCodes(first, j / Int4Matrix.CODES, codes, count);
                if (j % Int4Matrix.GROUP == 0) {
                    matrix.readScales(first, j / Int4Matrix.GROUP, scales, count);
                    hasOffsets = matrix.readOffsets(first, j / Int4Matrix.GROUP, offsets, count);
                }
            }
            // The JVM does not vectorize a cast, so the memory makes floats of ints.
            toBits(sums, codes, Int4Matrix.BITS * inInt, count);
            bits.put(j * count, sums, count);
            floats.get(j * count, results, 0, count);
            toElements(results, scales, count, hasOffsets ? FLOAT : FLOAT + Int4Scale.ZERO);
            if (hasOffsets) {
                addMultiple(results, offsets, 1, count);
            }
            floats.put(j * count, results, 0, count);
        }
    }

    private static void toBits(int[] bits, int[] codes, int shift, int count) {
        for (int j = 0; j < count; j++) {
            bits[j] = ((codes[j] >>> shift) & CODE) | FLOAT_BITS;
        }
    }

    private static void toElements(float[] elements, float[] scales, int count, float zero) {
        for (int j = 0; j < count; j++) {
            elements[j] = (elements[j] - zero) * scales[j];
        }
    }
}
