package org.lora4j.nn.attention.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix of any shape in 'c' order. All shapes share one piece of memory, which is at most half larger than the largest so far. The same
 * shape returns the same array, so nothing is allocated in a steady state.
 */
final class MatrixBuffer {
    /** Texts have at most this many lengths in a batch after batch; then all are forgotten. */
    private static final int REMEMBERED_SHAPES = 1024;

    private final DataType dataType;
    private final Map<Place, Matrix> byPlace = new HashMap<>();
    private @Nullable INDArray store;

    /** The rows of a matrix of a width, from a row on. */
    private record Place(int first, int rows, int columns) {}

    /** An array and its memory. */
    record Matrix(INDArray array, ArrayMemory memory) {}

    MatrixBuffer(DataType dataType) {
        this.dataType = dataType;
    }

    /**
     * Returns some rows of a matrix.
     *
     * @param first the first row; if it is not 0, the rows from 0 on were asked for before, and keep their content
     * @return the rows, with undefined content if they were not written
     */
    Matrix of(int first, int rows, int columns) {
        INDArray memory = store;
        long needed = ((long) first + rows) * columns;
        if (memory == null || memory.length() < needed) {
            // A text that grows asks for a little more each time, and what is let go stays until the next garbage
            // collection.
            long grown = memory == null ? needed : Math.max(needed, memory.length() + memory.length() / 2);
            memory = Nd4j.createUninitializedDetached(dataType, grown);
            store = memory;
            byPlace.clear();
        }
        if (byPlace.size() >= REMEMBERED_SHAPES) {
            byPlace.clear();
        }
        INDArray whole = memory;
        return byPlace.computeIfAbsent(new Place(first, rows, columns), key -> {
            INDArray array = Nd4j.create(
                    whole.data(), new long[] {rows, columns}, new long[] {columns, 1}, (long) first * columns, 'c');
            return new Matrix(array, new ArrayMemory(array));
        });
    }
}
