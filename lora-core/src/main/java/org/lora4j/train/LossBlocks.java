package org.lora4j.train;

import java.util.function.ObjIntConsumer;
import org.lora4j.internal.math.HeapColumns;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The outputs, the labels and the gradient of a loss, in blocks of columns. Outputs and gradient have the same type, the
 * labels can have another one. Each of them can have any memory order.
 */
final class LossBlocks {
    private final HeapColumns outputs;
    private final Labels labels;
    private final HeapColumns gradients;
    private final INDArray gradient;
    private final INDArray written;
    private final int rows;
    private final int columns;
    private final double[] values;
    private final double[] labelValues;

    /** The labels of the columns from one on. */
    @FunctionalInterface
    interface Labels {
        /** Writes the labels of some columns. Element {@code (i, from + j)} is at {@code i + j·rows}. */
        void read(int from, int count, double[] block);
    }

    LossBlocks(INDArray output, INDArray labels, INDArray gradient) {
        this(output, labels(labels), gradient);
    }

    LossBlocks(INDArray output, Labels labels, INDArray gradient) {
        this.labels = labels;
        this.gradient = gradient;
        written = HeapColumns.canWrite(gradient)
                ? gradient
                : Nd4j.createUninitialized(gradient.dataType(), gradient.shape(), 'f');
        outputs = new HeapColumns().bind(output);
        gradients = new HeapColumns().bind(written);
        rows = Math.toIntExact(output.size(0));
        columns = Math.toIntExact(output.size(1));
        int room = rows * Math.min(columns, HeapColumns.perBlock(rows));
        values = new double[room];
        labelValues = new double[room];
    }

    /** The labels of an array {@code [n, out]} of any type, without rounding. */
    static Labels labels(INDArray labels) {
        return new HeapColumns().bind(inReals(labels))::read;
    }

    /** Returns labels of any type as an array of FLOAT or DOUBLE, without rounding. */
    static INDArray inReals(INDArray labels) {
        boolean isReal = labels.dataType() == DataType.FLOAT || labels.dataType() == DataType.DOUBLE;
        return isReal ? labels : labels.castTo(DataType.DOUBLE);
    }

    /** Calculates with a block. Element {@code (i, j)} is at {@code i + j·rows}. */
    @FunctionalInterface
    interface Block {
        /** Overwrites the values and returns the part of the loss. */
        double part(double[] values, double[] labels, int count);
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Passes all outputs to an action, block by block, without the labels. */
    void forEachOutput(ObjIntConsumer<double[]> block) {
        int perBlock = values.length / rows;
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            outputs.read(from, count, values);
            block.accept(values, count);
        }
    }

    /** Computes the gradient, or a first version of it, from outputs and labels. Returns the sum of the parts of the loss. */
    double fromOutputs(Block block) {
        return run(outputs, block);
    }

    /** Computes the final gradient from its first version and the labels. */
    void finishGradient(Block block) {
        run(gradients, block);
    }

    private double run(HeapColumns source, Block block) {
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
