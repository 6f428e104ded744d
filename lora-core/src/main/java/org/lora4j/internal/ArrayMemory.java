package org.lora4j.internal;

import java.lang.ref.Reference;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads and writes the native memory of an array. It keeps the array alive: a NIO buffer alone does not, so its memory could
 * be freed while a loop reads it. No other class may keep such a buffer.
 *
 * <p>Positions count from the first element of the array, whatever its shape and its strides. The array can be a view.
 */
public final class ArrayMemory {
    /**
     * Opening a NIO buffer takes as long as copying about this many elements one by one. So an array of which few elements
     * are read once, such as the input of a single row, gets no buffer.
     */
    private static final int ELEMENTS_BEFORE_BUFFER = 256;

    private final INDArray array;
    private final DataBuffer data;
    private final boolean isFloat;
    private @Nullable FloatBuffer floats;
    private @Nullable DoubleBuffer doubles;
    private int first;
    private int copied;

    /**
     * Opens the memory of an array.
     *
     * @param array FLOAT or DOUBLE
     * @throws IllegalArgumentException if the array has another type
     */
    public ArrayMemory(INDArray array) {
        if (!(array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE)) {
            throw new IllegalArgumentException("the array must be FLOAT or DOUBLE, found " + ArrayBits.describe(array));
        }
        this.array = array;
        data = array.data();
        isFloat = array.dataType() == DataType.FLOAT;
        if (array.offset() != 0) {
            openBuffer();
        }
    }

    private void openBuffer() {
        // The buffer of a view starts at the array that it views, and its position is the first element of the view.
        if (isFloat) {
            floats = data.asNioFloat();
            first = floats.position();
        } else {
            doubles = data.asNioDouble();
            first = doubles.position();
        }
    }

    /** Returns whether the next elements are copied with a NIO buffer; false if they are so few that none is opened. */
    private boolean hasBuffer(int length) {
        if (floats != null || doubles != null) {
            return true;
        }
        copied += length;
        if (copied <= ELEMENTS_BEFORE_BUFFER) {
            return false;
        }
        openBuffer();
        return true;
    }

    /**
     * Returns whether the memory holds floats.
     *
     * @return false if it holds doubles
     */
    public boolean isFloat() {
        return isFloat;
    }

    /**
     * Returns one element.
     *
     * @param position its position
     * @return the element
     */
    public double get(int position) {
        try {
            if (!hasBuffer(1)) {
                return isFloat ? data.getFloat(position) : data.getDouble(position);
            }
            return isFloat ? floats().get(first + position) : doubles().get(first + position);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Sets one element.
     *
     * @param position its position
     * @param value the value, which is rounded to the type of the array
     */
    public void put(int position, double value) {
        try {
            boolean hasBuffer = hasBuffer(1);
            if (isFloat) {
                if (hasBuffer) {
                    floats().put(first + position, (float) value);
                } else {
                    data.put(position, (float) value);
                }
            } else if (hasBuffer) {
                doubles().put(first + position, value);
            } else {
                data.put(position, value);
            }
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies floats from the memory.
     *
     * @param position the first position
     * @param target gets the elements
     * @param from the first index in the target
     * @param length the number of elements
     */
    public void get(int position, float[] target, int from, int length) {
        try {
            if (hasBuffer(length)) {
                floats().get(first + position, target, from, length);
            } else {
                requireType(true);
                for (int i = 0; i < length; i++) {
                    target[from + i] = data.getFloat((long) position + i);
                }
            }
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies doubles from the memory.
     *
     * @param position the first position
     * @param target gets the elements
     * @param from the first index in the target
     * @param length the number of elements
     */
    public void get(int position, double[] target, int from, int length) {
        try {
            if (hasBuffer(length)) {
                doubles().get(first + position, target, from, length);
            } else {
                requireType(false);
                for (int i = 0; i < length; i++) {
                    target[from + i] = data.getDouble((long) position + i);
                }
            }
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies floats to the memory.
     *
     * @param position the first position
     * @param source holds the elements
     * @param from the first index in the source
     * @param length the number of elements
     */
    public void put(int position, float[] source, int from, int length) {
        try {
            if (hasBuffer(length)) {
                floats().put(first + position, source, from, length);
            } else {
                requireType(true);
                for (int i = 0; i < length; i++) {
                    data.put((long) position + i, source[from + i]);
                }
            }
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies elements to the memory of another array of the same type.
     *
     * @param position the first position
     * @param target the memory of the other array
     * @param targetPosition the first position there
     * @param length the number of elements
     */
    public void copy(int position, ArrayMemory target, int targetPosition, int length) {
        try {
            if (isFloat) {
                FloatBuffer source = floats();
                target.floats().put(target.first + targetPosition, source, first + position, length);
            } else {
                DoubleBuffer source = doubles();
                target.doubles().put(target.first + targetPosition, source, first + position, length);
            }
        } finally {
            Reference.reachabilityFence(array);
            Reference.reachabilityFence(target.array);
        }
    }

    /**
     * Copies doubles to the memory.
     *
     * @param position the first position
     * @param source holds the elements
     * @param from the first index in the source
     * @param length the number of elements
     */
    public void put(int position, double[] source, int from, int length) {
        try {
            if (hasBuffer(length)) {
                doubles().put(first + position, source, from, length);
            } else {
                requireType(false);
                for (int i = 0; i < length; i++) {
                    data.put((long) position + i, source[from + i]);
                }
            }
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    private void requireType(boolean expectsFloat) {
        if (isFloat != expectsFloat) {
            throw new IllegalStateException("the array must be " + (expectsFloat ? DataType.FLOAT : DataType.DOUBLE)
                    + ", found " + array.dataType());
        }
    }

    private FloatBuffer floats() {
        requireType(true);
        if (floats == null) {
            openBuffer();
        }
        return Objects.requireNonNull(floats);
    }

    private DoubleBuffer doubles() {
        requireType(false);
        if (doubles == null) {
            openBuffer();
        }
        return Objects.requireNonNull(doubles);
    }
}
