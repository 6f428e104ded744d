package org.lora4j.internal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.conditions.Conditions;

/** Compares, hashes and describes whole arrays, bit for bit. ND4J compares with a tolerance and prints all elements. */
public final class ArrayBits {
    private ArrayBits() {}

    /**
     * Returns whether two arrays hold the same bits. ({@code INDArray.equals} has a tolerance of 1e-5.)
     *
     * @param one an array, or null
     * @param other an array, or null
     * @return true if both are null, or if type, shape and the bits of all elements are equal. The memory order does not
     *     matter
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
     * Returns a hash. Arrays that are {@link #equal} have the same hash.
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
     * Describes an array by its shape and type, without its elements.
     *
     * @param array an array, or null
     * @return a text such as {@code [2, 12] FLOAT}; {@code none} for null
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
