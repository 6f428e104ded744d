package org.lora4j.nn.compute.internal;

import org.lora4j.internal.memory.BatchBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A column of ones for batches of any size. A product with it adds a row to each row of a matrix, or adds the rows up. */
final class OnesColumn {
    private final BatchBuffer buffer;
    private long filled;

    OnesColumn(DataType dataType) {
        buffer = new BatchBuffer(dataType, 1);
    }

    /** The column {@code [rows, 1]}. */
    INDArray rows(long rows) {
        INDArray column = buffer.rows(rows);
        // Smaller columns lie at the start of the same memory.
        if (rows > filled) {
            column.assign(1);
            filled = rows;
        }
        return column;
    }
}
