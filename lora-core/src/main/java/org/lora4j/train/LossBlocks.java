package org.lora4j.train;

import java.util.function.ObjIntConsumer;
import org.lora4j.internal.math.HeapColumns;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The outputs and the gradient of a loss, in blocks of columns. Both have the same type, and can have any memory order. */
final class LossBlocks {
    private final HeapColumns outputs;
    private final HeapColumns gradients;
    private final INDArray gradient;
    private final INDArray written;
    private final int columns;
    private final int perBlock;
    private final double[] values;

    LossBlocks(INDArray output, INDArray gradient) {
        this.gradient = gradient;
        written = HeapColumns.canWrite(gradient)
                ? gradient
                : Nd4j.createUninitialized(gradient.dataType(), gradient.shape(), 'f');
        outputs = new HeapColumns().bind(output);
        gradients = new HeapColumns().bind(written);
        int rows = Math.toIntExact(output.size(0));
        columns = Math.toIntExact(output.size(1));
        perBlock = Math.min(columns, HeapColumns.perBlock(rows));
        values = new double[rows * perBlock];
    }

    /** Passes all outputs to an action, block by block. Element {@code (i, j)} is at {@code i + j·rows}. */
    void forEachOutput(ObjIntConsumer<double[]> block) {
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            outputs.read(from, count, values);
            block.accept(values, count);
        }
    }

    /** Passes all outputs to an action that overwrites them with the gradient, block by block. */
    void toGradient(ObjIntConsumer<double[]> block) {
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            outputs.read(from, count, values);
            block.accept(values, count);
            gradients.write(from, count, values);
        }
        if (written != gradient) {
            gradient.assign(written);
        }
    }
}
