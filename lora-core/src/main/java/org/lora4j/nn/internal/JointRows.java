package org.lora4j.nn.internal;

import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowBlocks;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A matrix with the rows of several batches, one batch under the other. Each batch is a contiguous block of it. */
final class JointRows {
    /** In this order, blocks of rows are contiguous. */
    static final char ORDER = 'c';

    private final BatchBuffer buffer;
    private final RowBlocks blocks = new RowBlocks();

    JointRows(DataType dataType, long columns) {
        buffer = new BatchBuffer(dataType, columns, ORDER);
    }

    /** The matrix for all rows together; the content is kept while their number stays the same. */
    INDArray all(JointBatch batch) {
        return buffer.rows(batch.rows());
    }

    /** The rows of the i-th member in {@link #all}. */
    INDArray block(JointBatch batch, int i) {
        return batch.block(blocks, all(batch), i);
    }
}
