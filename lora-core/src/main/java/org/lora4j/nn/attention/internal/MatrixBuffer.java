package org.lora4j.nn.attention.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix of any shape in 'c' order. All shapes share one piece of memory, which is as large as the largest so far. The same
 * shape returns the same array, so nothing is allocated in a steady state.
 */
final class MatrixBuffer {
    /** Texts have at most this many lengths in a batch after batch; then all are forgotten. */
    private static final int REMEMBERED_SHAPES = 1024;

    private final DataType dataType;
    private final Map<Long, Matrix> byShape = new HashMap<>();
    private @Nullable INDArray store;

    /** An array and its memory. */
    record Matrix(INDArray array, ArrayMemory memory) {}

    MatrixBuffer(DataType dataType) {
        this.dataType = dataType;
    }

    /** Returns the matrix of a shape, with undefined content. */
    Matrix of(int rows, int columns) {
        INDArray memory = store;
        if (memory == null || memory.length() < (long) rows * columns) {
            memory = Nd4j.createUninitializedDetached(dataType, (long) rows * columns);
            store = memory;
            byShape.clear();
        }
        if (byShape.size() >= REMEMBERED_SHAPES) {
            byShape.clear();
        }
        INDArray whole = memory;
        return byShape.computeIfAbsent((long) rows << Integer.SIZE | columns, key -> {
            INDArray array = Nd4j.create(whole.data(), new long[] {rows, columns}, new long[] {columns, 1}, 0, 'c');
            return new Matrix(array, new ArrayMemory(array));
        });
    }
}
