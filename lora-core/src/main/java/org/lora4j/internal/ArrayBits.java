package org.lora4j.internal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.conditions.Conditions;

/** Questions about arrays as a whole that ND4J answers with a tolerance, or not at all. */
public final class ArrayBits {
    private ArrayBits() {}

    /**
     * Returns whether two arrays hold the same bits. {@code INDArray.equals} has a tolerance of 1e-5.
     *
     * @param one an array, or null
     * @param other an array, or null
     * @return true if both are null, or have the same type, shape and elements, bit for bit; the memory order does not
     *     count
     */
    public static boolean equal(@Nullable INDArray one, @Nullable INDArray other) {
        if (one == other) {
            return true;
        }
        if (one == null
                || other == null
                || one.dataType() != other.dataType()
                || !Arrays.equals(one.shape(), other.shape())) {
            return false;
        }
        return Arrays.equals(bits(one), bits(other));
    }

    /**
     * Returns a hash that is the same for arrays that are {@link #equal}.
     *
     * @param array an array, or null
     * @return the hash
     */
    public static int hash(@Nullable INDArray array) {
        return array == null ? 0 : 31 * Arrays.hashCode(array.shape()) + Arrays.hashCode(bits(array));
    }

    private static long[] bits(INDArray array) {
        INDArray rowMajor = array.dup('c');
        long[] bits = new long[Math.toIntExact(rowMajor.length())];
        if (rowMajor.dataType() == DataType.FLOAT) {
            float[] values = rowMajor.data().asFloat();
            Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        } else {
            double[] values = rowMajor.data().asDouble();
            Arrays.setAll(bits, i -> Double.doubleToRawLongBits(values[i]));
        }
        return bits;
    }

    /**
     * Describes an array without its numbers.
     *
     * @param array an array, or null
     * @return such as {@code [2, 12] FLOAT}, or {@code none}
     */
    public static String describe(@Nullable INDArray array) {
        return array == null ? "none" : Arrays.toString(array.shape()) + " " + array.dataType();
    }

    /**
     * Returns whether every element is a finite number.
     *
     * @param array an array of FLOAT or DOUBLE
     * @return false if an element is NaN or infinite
     */
    public static boolean isFinite(INDArray array) {
        return array.isEmpty() || array.scan(Conditions.notFinite()).longValue() == 0;
    }
}
