package org.lora4j.train;

import org.lora4j.internal.math.HeapColumns;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The outputs and the gradient of a loss, in blocks of columns or of rows. Both have the same type, and can have any memory
 * order.
 */
final class LossBlocks {
    private final HeapColumns outputs;
    private final HeapColumns gradients;
    private final INDArray gradient;
    private final INDArray written;
    private final int perBlock;
    private final double[] values;

    /** Calculates with a block: columns, or rows, one after the other. */
    @FunctionalInterface
    interface Block {
        /**
         * Reads the outputs of a block, or overwrites them with their gradient.
         *
         * @param first the number of the first column, or row
         * @param count how many there are
         * @return the part of the loss
         */
        double part(double[] values, int first, int count);
    }

    private LossBlocks(INDArray output, INDArray gradient, boolean ofRows, int perBlock) {
        this.gradient = gradient;
        this.perBlock = perBlock;
        written = HeapColumns.canWrite(gradient)
                ? gradient
                : Nd4j.createUninitialized(gradient.dataType(), gradient.shape(), ofRows ? 'c' : 'f');
        outputs = new HeapColumns().bind(output, ofRows);
        gradients = new HeapColumns().bind(written, ofRows);
        values = new double[outputs.rows() * perBlock];
    }

    static LossBlocks ofColumns(INDArray output, INDArray gradient) {
        int columns = Math.toIntExact(output.size(1));
        return new LossBlocks(output, gradient, false, Math.min(columns, HeapColumns.perBlock(output.size(0))));
    }

    static LossBlocks ofRows(INDArray output, INDArray gradient, int perBlock) {
        return new LossBlocks(output, gradient, true, perBlock);
    }

    /** Passes all outputs to an action, which reads them. */
    void forEachOutput(Block block) {
        run(block, false);
    }

    /** Passes all outputs to an action, which overwrites them with the gradient. Returns the sum of the parts of the loss. */
    double toGradient(Block block) {
        double sum = run(block, true);
        if (written != gradient) {
            gradient.assign(written);
        }
        return sum;
    }

    private double run(Block block, boolean writes) {
        double sum = 0;
        for (int first = 0; first < outputs.columns(); first += perBlock) {
            int count = Math.min(perBlock, outputs.columns() - first);
            outputs.read(first, count, values);
            sum += block.part(values, first, count);
            if (writes) {
                gradients.write(first, count, values);
            }
        }
        return sum;
    }
}
