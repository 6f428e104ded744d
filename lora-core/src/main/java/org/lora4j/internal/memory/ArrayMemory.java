package org.lora4j.internal.memory;

import java.lang.ref.Reference;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads and writes the native memory of an array. It keeps the array alive: a NIO buffer alone does not, so its memory could
 * be freed while a loop reads it. No other class may keep such a buffer.
 *
 * <p>Positions count from the first element of the array, which can be a view that starts in the middle of the memory of
 * another array.
 */
@ForModules
public final class ArrayMemory {
    private final INDArray array;
    private final @Nullable FloatBuffer floats;
    private final @Nullable DoubleBuffer doubles;

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
        boolean isFloat = array.dataType() == DataType.FLOAT;
        // The buffer of a view is that of the whole memory, positioned at the view's first element.
        floats = isFloat ? array.data().asNioFloat().slice() : null;
        doubles = isFloat ? null : array.data().asNioDouble().slice();
    }

    /**
     * Returns whether the elements of each row of a matrix, and its rows, follow each other in memory.
     *
     * @param matrix a matrix
     * @return true if the element {@code (i, j)} is at {@code i·columns + j}
     */
    public static boolean isInRows(INDArray matrix) {
        long width = matrix.size(1);
        return (width == 1 || matrix.stride(1) == 1) && (matrix.size(0) == 1 || matrix.stride(0) == width);
    }

    /**
     * Returns whether the memory holds floats.
     *
     * @return false if it holds doubles
     */
    public boolean isFloat() {
        return floats != null;
    }

    /**
     * Returns one element.
     *
     * @param position its position
     * @return the element
     */
    public double get(int position) {
        try {
            return floats != null ? floats.get(position) : doubles().get(position);
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
            if (floats != null) {
                floats.put(position, (float) value);
            } else {
                doubles().put(position, value);
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
            floats().get(position, target, from, length);
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
            floats().put(position, source, from, length);
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
            doubles().get(position, target, from, length);
        } finally {
            Reference.reachabilityFence(array);
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
            doubles().put(position, source, from, length);
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
            if (floats != null) {
                target.floats().put(targetPosition, floats, position, length);
            } else {
                target.doubles().put(targetPosition, doubles(), position, length);
            }
        } finally {
            Reference.reachabilityFence(array);
            Reference.reachabilityFence(target.array);
        }
    }

    private FloatBuffer floats() {
        if (floats == null) {
            throw new IllegalStateException("the array must be FLOAT, found " + array.dataType());
        }
        return floats;
    }

    private DoubleBuffer doubles() {
        if (doubles == null) {
            throw new IllegalStateException("the array must be DOUBLE, found " + array.dataType());
        }
        return doubles;
    }

    /**
     * The native memory of a matrix with its strides: element {@code (i, j)} is at {@code i·rowStride + j·columnStride}.
     *
     * @param memory the memory
     * @param rows the number of rows
     * @param columns the number of columns
     * @param rowStride the distance between the rows
     * @param columnStride the distance between the columns
     */
    public record Matrix(ArrayMemory memory, int rows, int columns, int rowStride, int columnStride) {
        /** Opens the memory of a matrix of FLOAT or DOUBLE. It can be a view. */
        public static Matrix of(INDArray matrix) {
            int rows = Math.toIntExact(matrix.size(0));
            int columns = Math.toIntExact(matrix.size(1));
            // The stride of a dimension with one element says nothing.
            return new Matrix(
                    new ArrayMemory(matrix),
                    rows,
                    columns,
                    rows == 1 ? 1 : Math.toIntExact(matrix.stride(0)),
                    columns == 1 ? 1 : Math.toIntExact(matrix.stride(1)));
        }

        /** Returns the same memory as the transposed matrix. */
        public Matrix transpose() {
            return new Matrix(memory, columns, rows, columnStride, rowStride);
        }

        /** Copies the elements of a row of FLOAT or DOUBLE. */
        public void get(int row, float[] target) {
            int start = row * rowStride;
            if (rowsAreContiguous()) {
                memory.get(start, target, 0, columns);
                return;
            }
            for (int j = 0; j < columns; j++) {
                target[j] = (float) memory.get(start + j * columnStride);
            }
        }

        /** Copies elements to a row, from a column on. */
        public void put(int row, int column, float[] source, int count) {
            int start = row * rowStride + column * columnStride;
            if (rowsAreContiguous()) {
                memory.put(start, source, 0, count);
                return;
            }
            for (int j = 0; j < count; j++) {
                memory.put(start + j * columnStride, source[j]);
            }
        }

        /** Whether the elements of a row follow each other. */
        public boolean rowsAreContiguous() {
            return columnStride == 1;
        }
    }
}
