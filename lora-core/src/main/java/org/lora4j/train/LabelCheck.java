package org.lora4j.train;

import org.lora4j.internal.math.HeapColumns;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Checks that the labels of a batch are probabilities, as the cross-entropies need them. With others their value can fall
 * without end, or the training tends to something else than the labels say. Not thread-safe.
 */
final class LabelCheck {
    /** Rounding errors of sums of floats stay below this. */
    private static final double TOLERANCE = 1e-3;

    private final HeapColumns rows = new HeapColumns();
    private double[] block = new double[0];

    /** Checks one row of labels. */
    @FunctionalInterface
    private interface RowCheck {
        /** Checks the labels of a row, which are in a block between two indices. */
        void check(double[] block, int from, int to, int row);
    }

    /**
     * Checks labels {@code [n, out]} if the loss needs probabilities. NaN is not found here: it makes the loss NaN.
     *
     * @throws IllegalArgumentException if a label, or the sum of a row, does not fit
     */
    void require(INDArray labels, Loss loss) {
        if (loss == SoftmaxCrossEntropy.INSTANCE || loss instanceof SoftmaxCrossEntropy.Weighted) {
            forEachRow(labels, LabelCheck::requireOneClass);
        } else if (loss instanceof ElementLoss.SigmoidCrossEntropy) {
            forEachRow(labels, LabelCheck::requireFractions);
        }
    }

    private void forEachRow(INDArray labels, RowCheck check) {
        rows.bindTranspose(LossRows.inReals(labels));
        int height = Math.toIntExact(labels.size(0));
        int width = Math.toIntExact(labels.size(1));
        int perBlock = LossRows.perBlock(height, width);
        if (block.length < perBlock * width) {
            block = new double[perBlock * width];
        }
        for (int first = 0; first < height; first += perBlock) {
            int count = Math.min(perBlock, height - first);
            rows.read(first, count, block);
            for (int i = 0; i < count; i++) {
                check.check(block, i * width, (i + 1) * width, first + i);
            }
        }
    }

    private static void requireOneClass(double[] block, int from, int to, int row) {
        double sum = 0;
        for (int k = from; k < to; k++) {
            if (block[k] < 0) {
                throw new IllegalArgumentException(
                        "labels: must be probabilities of the classes, none negative, found " + block[k] + " in row "
                                + row + ", column " + (k - from) + "; correct the labels of this batch");
            }
            sum += block[k];
        }
        if (Math.abs(sum - 1) > TOLERANCE) {
            throw new IllegalArgumentException(
                    "labels: each row must be probabilities of the classes, which sum to 1, found a sum of " + sum
                            + " in row " + row
                            + "; the softmax cross-entropy is for one class of several. If an example can have"
                            + " several labels or none, use Loss.multiLabel()");
        }
    }

    private static void requireFractions(double[] block, int from, int to, int row) {
        for (int k = from; k < to; k++) {
            if (block[k] < 0 || block[k] > 1) {
                throw new IllegalArgumentException("labels: must be between 0 and 1, found " + block[k] + " in row "
                        + row + ", column " + (k - from)
                        + "; the multi-label loss needs 1 where an example has a label and 0 where it does not");
            }
        }
    }
}
