package org.lora4j.train;

import org.lora4j.internal.math.HeapColumns;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The outputs, the labels and the gradient of a loss, row by row. Outputs and gradient have the same type, the labels can have
 * another one. Each of them can have any memory order.
 */
final class LossRows {
    /** A block of this many elements stays in the second-level cache. */
    private static final int BLOCK = 4096;

    private final LossBlocks blocks;
    private final Labels labels;
    private final int perBlock;
    private final int rows;
    private final int columns;

    /** The labels of some rows. */
    @FunctionalInterface
    interface Labels {
        /** Writes the labels of rows. Element {@code (first + i, j)} is at {@code i·columns + j}. */
        void read(int first, int count, double[] block);
    }

    /** Calculates with one row. */
    @FunctionalInterface
    interface Row {
        /**
         * Overwrites the outputs of a row with its gradient.
         *
         * @param values holds the outputs of the row from an index on
         * @param labels holds its labels from the same index on
         * @param from the index
         * @return the part of the loss
         */
        double part(double[] values, double[] labels, int from);
    }

    LossRows(INDArray output, INDArray labels, INDArray gradient) {
        this(output, labels(labels), gradient);
    }

    LossRows(INDArray output, Labels labels, INDArray gradient) {
        this.labels = labels;
        rows = Math.toIntExact(output.size(0));
        columns = Math.toIntExact(output.size(1));
        perBlock = perBlock(rows, columns);
        blocks = LossBlocks.ofRows(output, gradient, perBlock);
    }

    /** The labels of an array {@code [n, out]} of any type, without rounding. */
    static Labels labels(INDArray labels) {
        return new HeapColumns().bindTranspose(inReals(labels))::read;
    }

    /** Returns labels of any type as an array of FLOAT or DOUBLE, without rounding. */
    static INDArray inReals(INDArray labels) {
        boolean isReal = labels.dataType() == DataType.FLOAT || labels.dataType() == DataType.DOUBLE;
        return isReal ? labels : labels.castTo(DataType.DOUBLE);
    }

    /** Returns how many rows of a width make a block, at least 1. */
    static int perBlock(int rows, int columns) {
        return Math.max(1, Math.min(rows, BLOCK / columns));
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Computes the gradient of each row. Returns the sum of the parts of the loss. */
    double compute(Row row) {
        double[] labelValues = new double[perBlock * columns];
        return blocks.toGradient((values, first, count) -> {
            labels.read(first, count, labelValues);
            double sum = 0;
            for (int i = 0; i < count; i++) {
                sum += row.part(values, labelValues, i * columns);
            }
            return sum;
        });
    }
}
