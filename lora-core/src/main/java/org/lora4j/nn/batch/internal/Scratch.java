package org.lora4j.nn.batch.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.lora4j.internal.memory.BatchBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Lends matrices that are needed for a short time, such as gradients between two layers. What is returned is lent again, so
 * a deep network needs as few of them as a shallow one.
 */
public final class Scratch {
    private final DataType dataType;
    private final char order;
    private final Map<Long, Deque<BatchBuffer>> idle = new HashMap<>();
    private final Map<Long, BatchBuffer> shared = new HashMap<>();
    private final IdentityHashMap<INDArray, BatchBuffer> lent = new IdentityHashMap<>();

    public Scratch(DataType dataType, char order) {
        this.dataType = dataType;
        this.order = order;
    }

    /** Lends a matrix {@code [rows, columns]} with undefined content. */
    public INDArray take(long rows, long columns) {
        Deque<BatchBuffer> fitting = idle.computeIfAbsent(columns, key -> new ArrayDeque<>());
        BatchBuffer buffer = fitting.isEmpty() ? new BatchBuffer(dataType, columns, order) : fitting.pop();
        INDArray array = buffer.rows(rows);
        lent.put(array, buffer);
        return array;
    }

    /** Returns a matrix of which there is one for each width: it holds what was written to it last, by any layer. */
    public INDArray shared(long rows, long columns) {
        return shared.computeIfAbsent(columns, key -> new BatchBuffer(dataType, key, order))
                .rows(rows);
    }

    /** Takes a matrix back. Without effect if it was not lent. */
    public void release(INDArray array) {
        BatchBuffer buffer = lent.remove(array);
        if (buffer != null) {
            idle.computeIfAbsent(array.size(1), key -> new ArrayDeque<>()).push(buffer);
        }
    }
}
