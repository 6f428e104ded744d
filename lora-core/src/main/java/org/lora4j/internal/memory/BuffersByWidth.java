package org.lora4j.internal.memory;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Buffers of several widths. If adapters of different ranks alternate, each rank keeps its buffer. */
public final class BuffersByWidth {
    private final DataType dataType;
    private final char order;
    private final Map<Long, BatchBuffer> buffers = new HashMap<>();

    /**
     * Creates the set without buffers, for matrices in 'f' order.
     *
     * @param dataType FLOAT or DOUBLE
     */
    public BuffersByWidth(DataType dataType) {
        this(dataType, 'f');
    }

    /**
     * Creates the set without buffers.
     *
     * @param dataType FLOAT or DOUBLE
     * @param order the memory order of the matrices
     */
    public BuffersByWidth(DataType dataType, char order) {
        this.dataType = dataType;
        this.order = order;
    }

    /**
     * Returns the matrix for a batch.
     *
     * @param rows the batch size, at least 1
     * @param columns the width
     * @return a matrix {@code [rows, columns]} with undefined content
     */
    public INDArray rows(long rows, long columns) {
        return of(columns).rows(rows);
    }

    /**
     * Returns the buffer of a width.
     *
     * @param columns the width
     * @return the same buffer for the same width
     */
    public BatchBuffer of(long columns) {
        Long width = columns;
        BatchBuffer buffer = buffers.get(width);
        if (buffer == null) {
            buffer = new BatchBuffer(dataType, columns, order);
            buffers.put(width, buffer);
        }
        return buffer;
    }
}
