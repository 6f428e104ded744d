package org.lora4j.train;

import java.util.function.ObjIntConsumer;
import org.lora4j.internal.HostColumns;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The output, the labels and the gradient of a loss, in blocks of columns. The output has the type of the gradient; the
 * labels have any, and all of them any order.
 */
final class LossBlocks {
    private final HostColumns outputs;
    private final HostColumns labels;
    private final HostColumns gradients;
    private final INDArray gradient;
    private final INDArray written;
    private final int rows;
    private final int columns;
    private final double[] values;
    private final double[] labelValues;

    LossBlocks(INDArray output, INDArray labels, INDArray gradient) {
        boolean isReal = labels.dataType() == DataType.FLOAT || labels.dataType() == DataType.DOUBLE;
        this.gradient = gradient;
        written = HostColumns.canWrite(gradient)
                ? gradient
                : Nd4j.createUninitialized(gradient.dataType(), gradient.shape(), 'f');
        outputs = new HostColumns().of(output);
        this.labels = new HostColumns().of(isReal ? labels : labels.castTo(output.dataType()));
        gradients = new HostColumns().of(written);
        rows = Math.toIntExact(output.size(0));
        columns = Math.toIntExact(output.size(1));
        int room = rows * Math.min(columns, HostColumns.perBlock(rows));
        values = new double[room];
        labelValues = new double[room];
    }

    /** What is done with a block: element {@code (i, j)} lies at {@code i + j·rows}. */
    @FunctionalInterface
    interface Block {
        /** Replaces the values and answers a part of the loss. */
        double part(double[] values, double[] labels, int count);
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Reads the outputs without the labels. */
    void forEachOutput(ObjIntConsumer<double[]> block) {
        int perBlock = values.length / rows;
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            outputs.read(from, count, values);
            block.accept(values, count);
        }
    }

    /** Makes of the outputs what the gradient is for now, and answers the sum of the parts. */
    double fromOutputs(Block block) {
        return run(outputs, block);
    }

    /** Replaces what the gradient is for now by what it is at last. */
    void finishGradient(Block block) {
        run(gradients, block);
    }

    private double run(HostColumns source, Block block) {
        int perBlock = values.length / rows;
        double sum = 0;
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            source.read(from, count, values);
            labels.read(from, count, labelValues);
            sum += block.part(values, labelValues, count);
            gradients.write(from, count, values);
        }
        if (written != gradient) {
            gradient.assign(written);
        }
        return sum;
    }
}
