package org.lora4j.internal.memory;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares, hashes and describes whole arrays, bit for bit. ND4J compares with a tolerance and prints all elements. */
@ForModules
public final class ArrayBits {
    /** How many elements are copied to the heap at a time. */
    private static final int PIECE = 4096;

    /** Odd, so that no element is lost, and with bits all over. */
    private static final long HASH_FACTOR = 0x9e3779b97f4a7c15L;

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
        if (array.isEmpty() || !array.isR()) {
            return true; // Integers and truth values are always finite.
        }
        boolean isReadable = array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE;
        INDArray real = isReadable ? array : array.castTo(DataType.FLOAT);
        // ND4J's own scan takes several hundred times as long.
        INDArray contiguous = real.elementWiseStride() == 1 ? real : real.dup('c');
        ArrayMemory memory = new ArrayMemory(contiguous);
        int length = Math.toIntExact(contiguous.length());
        return memory.isFloat() ? areFiniteFloats(memory, length) : areFiniteDoubles(memory, length);
    }

    /**
     * Returns a hash of the elements in memory order. It allocates no native memory if the array is contiguous.
     *
     * @param array an array of FLOAT or DOUBLE
     * @return the hash
     */
    public static long contentHash(INDArray array) {
        INDArray contiguous = array.elementWiseStride() == 1 ? array : array.dup('c');
        ArrayMemory memory = new ArrayMemory(contiguous);
        int length = Math.toIntExact(contiguous.length());
        float[] floats = new float[memory.isFloat() ? PIECE : 0];
        double[] doubles = new double[memory.isFloat() ? 0 : PIECE];
        long hash = 1;
        for (int from = 0; from < length; from += PIECE) {
            int count = Math.min(PIECE, length - from);
            if (memory.isFloat()) {
                memory.get(from, floats, 0, count);
                for (int i = 0; i < count; i++) {
                    hash = HASH_FACTOR * hash + Float.floatToRawIntBits(floats[i]);
                }
            } else {
                memory.get(from, doubles, 0, count);
                for (int i = 0; i < count; i++) {
                    hash = HASH_FACTOR * hash + Double.doubleToRawLongBits(doubles[i]);
                }
            }
        }
        return hash;
    }

    /**
     * Finds the first element that is not a finite number.
     *
     * @param array an array of FLOAT or DOUBLE
     * @return its position in row-major order, or -1 if all are finite
     */
    public static long firstNonFinite(INDArray array) {
        if (isFinite(array)) {
            return -1;
        }
        ArrayMemory memory = new ArrayMemory(array.dup('c'));
        int position = 0;
        while (Double.isFinite(memory.get(position))) {
            position++;
        }
        return position;
    }

    private static boolean areFiniteFloats(ArrayMemory memory, int length) {
        float[] piece = new float[Math.min(PIECE, length)];
        for (int from = 0; from < length; from += PIECE) {
            int count = Math.min(PIECE, length - from);
            memory.get(from, piece, 0, count);
            for (int i = 0; i < count; i++) {
                if (!Float.isFinite(piece[i])) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean areFiniteDoubles(ArrayMemory memory, int length) {
        for (int i = 0; i < length; i++) {
            if (!Double.isFinite(memory.get(i))) {
                return false;
            }
        }
        return true;
    }
}
