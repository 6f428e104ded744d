package org.lora4j.internal.memory;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix of fixed width for batches of different sizes. All sizes share one piece of memory, which is as large as the
 * largest batch so far. The arrays of the last batch sizes are kept: the same size returns the same array object, so
 * nothing is allocated in a steady state.
 */
public final class BatchBuffer {
    private static final int REMEMBERED_SIZES = 64;

    private final DataType dataType;
    private final long columns;
    private final char order;
    private final Map<Long, INDArray> bySize = new Recent<>(REMEMBERED_SIZES);
    private @Nullable INDArray memory;
    private @Nullable INDArray last;

    /**
     * Creates an empty buffer of matrices in 'f' order; products of few rows are fastest in this order.
     *
     * @param dataType FLOAT or DOUBLE
     * @param columns the width of the matrix
     */
    public BatchBuffer(DataType dataType, long columns) {
        this(dataType, columns, 'f');
    }

    /**
     * Creates an empty buffer.
     *
     * @param dataType FLOAT or DOUBLE
     * @param columns the width of the matrix
     * @param order the memory order, 'c' or 'f'; in 'c' order each block of rows is contiguous
     */
    public BatchBuffer(DataType dataType, long columns, char order) {
        this.dataType = dataType;
        this.columns = columns;
        this.order = order;
    }

    /**
     * Returns the matrix for a batch size. If the last call had the same size, the content is kept; otherwise it is
     * undefined.
     *
     * @param rows the batch size, at least 1
     * @return a matrix {@code [rows, columns]} in the order of this buffer
     */
    public INDArray rows(long rows) {
        INDArray array = last;
        if (array == null || array.size(0) != rows) {
            DataBuffer store = memory(rows * columns);
            array = bySize.computeIfAbsent(
                    rows,
                    n -> Nd4j.create(
                            store,
                            new long[] {n, columns},
                            order == 'f' ? new long[] {1, n} : new long[] {columns, 1},
                            0,
                            order));
            last = array;
        }
        return array;
    }

    private DataBuffer memory(long length) {
        INDArray store = memory;
        if (store == null || store.length() < length) {
            store = Nd4j.createUninitializedDetached(dataType, length);
            memory = store;
            bySize.clear();
        }
        return store.data();
    }

    /** Buffers of several widths. If adapters of different ranks alternate, each rank keeps its buffer. */
    public static final class ByWidth {
        private final DataType dataType;
        private final char order;
        private final Map<Long, BatchBuffer> buffers = new HashMap<>();

        /**
         * Creates the set without buffers, for matrices in 'f' order.
         *
         * @param dataType FLOAT or DOUBLE
         */
        public ByWidth(DataType dataType) {
            this(dataType, 'f');
        }

        /**
         * Creates the set without buffers.
         *
         * @param dataType FLOAT or DOUBLE
         * @param order the memory order of the matrices
         */
        public ByWidth(DataType dataType, char order) {
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
}
