package org.lora4j.train;

import java.util.Arrays;
import org.lora4j.internal.math.HeapColumns;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Checks that the labels of a batch are probabilities, as the cross-entropies need them. With others their value can fall
 * without end, or the training tends to something else than the labels say. Not thread-safe.
 */
final class LabelCheck {
    /** Rounding errors of sums of floats stay below this. */
    private static final double TOLERANCE = 1e-3;

    private final HeapColumns columns = new HeapColumns();
    private double[] sums = new double[0];

    /** Checks some columns. Element {@code (i, from + j)} is at {@code i + j·rows}. */
    @FunctionalInterface
    private interface BlockCheck {
        void check(double[] block, int from, int width);
    }

    /**
     * Checks labels {@code [n, out]} if the loss needs probabilities. NaN is not found here: it makes the loss NaN.
     *
     * @throws IllegalArgumentException if a label, or the sum of a row, does not fit
     */
    void require(INDArray labels, Loss loss) {
        if (loss == SoftmaxCrossEntropy.INSTANCE || loss instanceof WeightedCrossEntropy) {
            requireOneClass(labels);
        } else if (loss == SigmoidCrossEntropy.INSTANCE) {
            int rows = Math.toIntExact(labels.size(0));
            forEachBlock(labels, (block, from, width) -> requireFractions(block, from, width, rows));
        }
    }

    private void requireOneClass(INDArray labels) {
        int rows = Math.toIntExact(labels.size(0));
        sums = sums.length == rows ? sums : new double[rows];
        Arrays.fill(sums, 0);
        forEachBlock(labels, this::addUp);
        for (int i = 0; i < rows; i++) {
            if (Math.abs(sums[i] - 1) > TOLERANCE) {
                throw new IllegalArgumentException(
                        "labels: each row must be probabilities of the classes, which sum to 1, found a sum of "
                                + sums[i] + " in row " + i
                                + "; the softmax cross-entropy is for one class of several. If an example can have"
                                + " several labels or none, use Loss.multiLabel()");
            }
        }
    }

    private void forEachBlock(INDArray labels, BlockCheck check) {
        columns.bind(LossBlocks.inReals(labels));
        int rows = Math.toIntExact(labels.size(0));
        int count = Math.toIntExact(labels.size(1));
        int perBlock = HeapColumns.perBlock(rows);
        double[] block = columns.values(rows);
        for (int from = 0; from < count; from += perBlock) {
            int width = Math.min(perBlock, count - from);
            columns.read(from, width, block);
            check.check(block, from, width);
        }
    }

    private static void requireFractions(double[] block, int from, int width, int rows) {
        for (int k = 0; k < width * rows; k++) {
            if (block[k] < 0 || block[k] > 1) {
                throw new IllegalArgumentException("labels: must be between 0 and 1, found " + block[k] + " in row "
                        + k % rows + ", column " + (from + k / rows)
                        + "; the multi-label loss needs 1 where an example has a label and 0 where it does not");
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
                                    + i + ", column " + (from + j) + "; correct the labels of this batch");
                }
                sums[i] += label;
            }
        }
    }
}
