package org.lora4j.io.internal;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lora4j.internal.Backend;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Access to the elements of an array as bytes, little-endian and row-major. If the array itself is row-major, the bytes
 * are its own memory, otherwise a copy. ND4J's memory is little-endian on every platform it runs on.
 */
public final class ArrayBytes {
    /** The largest number of bytes of a tensor: one Java buffer holds no more. */
    public static final long MAX_BYTES = Integer.MAX_VALUE;

    /** The highest rank of an ND4J array. */
    public static final int MAX_RANK = 32;

    /** Reads or writes the bytes; the buffer is invalid afterwards. */
    @FunctionalInterface
    public interface Action<E extends Exception> {
        void accept(ByteBuffer bytes) throws E;
    }

    /** The longest array that every JVM can allocate. */
    public static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private ArrayBytes() {}

    /** Creates a row-major array with arbitrary content, outside of any workspace. */
    public static INDArray allocate(DataType type, long[] shape) {
        Backend.require();
        return Nd4j.createUninitializedDetached(type, 'c', shape);
    }

    /**
     * Passes the bytes of an array to an action.
     *
     * @param array the array, of at most {@link #MAX_BYTES}
     * @param action reads the bytes; it may write them if {@link #allocate} created the array
     * @param <E> what the action throws
     * @throws E if the action throws it
     */
    public static <E extends Exception> void with(INDArray array, Action<E> action) throws E {
        if (array.isEmpty()) {
            action.accept(ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN));
            return;
        }
        INDArray rowMajor = isRowMajor(array) ? array : array.dup('c');
        try {
            int length = Math.toIntExact(
                    Math.multiplyExact(rowMajor.length(), rowMajor.data().getElementSize()));
            action.accept(rowMajor.data().asNio().slice(0, length).order(ByteOrder.LITTLE_ENDIAN));
        } finally {
            // The buffer does not keep the native memory alive.
            Reference.reachabilityFence(rowMajor);
        }
    }

    private static boolean isRowMajor(INDArray array) {
        if (array.isView() || array.offset() != 0) {
            return false;
        }
        long[] shape = array.shape();
        long[] stride = array.stride();
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1 && stride[i] != expected) {
                return false;
            }
            expected *= shape[i];
        }
        return true;
    }
}
