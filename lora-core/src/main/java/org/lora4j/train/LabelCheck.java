package org.lora4j.train;

import java.util.Arrays;
import org.lora4j.internal.HostColumns;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Checks that the labels of a batch are probabilities, as the cross-entropy needs them. With others its value can fall
 * without end, or the training tends to something else than the labels say. Not thread-safe.
 */
final class LabelCheck {
    /** Rounding errors of sums of floats stay below this. */
    private static final double TOLERANCE = 1e-3;

    private final HostColumns columns = new HostColumns();
    private double[] sums = new double[0];

    /**
     * Checks labels {@code [n, out]}. NaN is not found here: it makes the loss NaN.
     *
     * @throws IllegalArgumentException if a label is negative, or the sum of a row is not 1
     */
    void requireProbabilities(INDArray labels) {
        boolean isReal = labels.dataType() == DataType.FLOAT || labels.dataType() == DataType.DOUBLE;
        columns.of(isReal ? labels : labels.castTo(DataType.DOUBLE));
        int rows = Math.toIntExact(labels.size(0));
        int count = Math.toIntExact(labels.size(1));
        int perBlock = HostColumns.perBlock(rows);
        double[] block = columns.values(rows);
        sums = sums.length == rows ? sums : new double[rows];
        Arrays.fill(sums, 0);
        for (int from = 0; from < count; from += perBlock) {
            int width = Math.min(perBlock, count - from);
            columns.read(from, width, block);
            addUp(block, from, width);
        }
        for (int i = 0; i < rows; i++) {
            if (Math.abs(sums[i] - 1) > TOLERANCE) {
                throw new IllegalArgumentException(
                        "labels: each row must be probabilities of the classes, which sum to 1, found a sum of "
                                + sums[i]
                                + " in row " + i
                                + "; the softmax cross-entropy is for one class of several. The step was not taken");
            }
        }
    }

    private void addUp(double[] block, int from, int width) {
        int rows = sums.length;
        for (int j = 0; j < width; j++) {
            for (int i = 0; i < rows; i++) {
                double label = block[i + j * rows];
                if (label < 0) {
                    throw new IllegalArgumentException(
                            "labels: must be probabilities of the classes, none negative, found " + label + " in row "
                                    + i + ", column " + (from + j) + ". The step was not taken");
                }
                sums[i] += label;
            }
        }
    }
}
