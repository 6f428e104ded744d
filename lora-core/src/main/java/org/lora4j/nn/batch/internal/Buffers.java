package org.lora4j.nn.batch.internal;

import org.lora4j.internal.math.HeapBuffer;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.BatchBuffer;
import org.nd4j.linalg.api.buffer.DataType;

/** Creates the buffers in which layers keep what they computed, until the gradients are computed from it. */
public class Buffers {
    private final DataType dataType;
    private final char order;

    /**
     * Creates a source of buffers that nothing else uses.
     *
     * @param order the memory order of activations
     */
    public Buffers(DataType dataType, char order) {
        this.dataType = dataType;
        this.order = order;
    }

    /** Creates a buffer of a width. */
    public BatchBuffer rows(long columns) {
        return new BatchBuffer(dataType, columns, order);
    }

    /** Creates a buffer on the heap. */
    public <A> HeapBuffer<A> heap(RowMath<A> math) {
        return new HeapBuffer<>(math);
    }
}
