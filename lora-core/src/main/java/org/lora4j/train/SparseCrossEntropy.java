package org.lora4j.train;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Implements {@link Loss#sparseSoftmaxCrossEntropy(double...)}. */
final class SparseCrossEntropy implements TargetLoss {
    /** The weight of each class; null if all count alike. */
    private final @Nullable ClassWeights weights;

    SparseCrossEntropy(@Nullable ClassWeights weights) {
        this.weights = weights;
    }

    @Override
    public INDArray targets(Input input, @Nullable INDArray labels) {
        if (labels == null || labels.length() != input.count() || labels.size(0) != input.count()) {
            throw new IllegalArgumentException("labels: there must be the number of a class for each of the "
                    + input.count() + " examples, as a vector or a column, found "
                    + (labels == null ? "none" : Arrays.toString(labels.shape())));
        }
        double[] given = labels.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        int[] targets = new int[given.length];
        for (int i = 0; i < given.length; i++) {
            targets[i] = TargetLoss.whole(given[i], "the number of a class", "row " + i);
        }
        if (TargetLoss.count(targets) == 0) {
            throw new IllegalArgumentException(
                    "labels: at least one example of a batch must have a label that counts, found none; " + IGNORED
                            + " takes no part");
        }
        return Nd4j.createFromArray(targets);
    }

    @Override
    public void requireBelow(INDArray targets, long columns) {
        int largest = targets.maxNumber().intValue();
        if (largest >= columns) {
            throw new IllegalArgumentException(
                    "labels: each must be the number of one of the " + columns + " classes, from 0, found " + largest);
        }
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        int[] targets = TargetLoss.ofRows(output, labels);
        int columns = Math.toIntExact(output.size(1));
        double[] values = weights == null ? null : weights.of(columns);
        double[] weightOfRow = new double[targets.length];
        for (int i = 0; i < targets.length; i++) {
            if (targets[i] != IGNORED) {
                int target = Objects.checkIndex(targets[i], columns);
                weightOfRow[i] = values == null ? 1 : values[target];
            }
        }
        LossRows.Labels oneHot = (first, count, block) -> {
            Arrays.fill(block, 0, count * columns, 0);
            for (int i = 0; i < count; i++) {
                int target = targets[first + i];
                if (target != IGNORED) {
                    block[i * columns + target] = weightOfRow[first + i];
                }
            }
        };
        return SoftmaxCrossEntropy.compute(new LossRows(output, oneHot, gradient), TargetLoss.count(targets));
    }

    @Override
    public String toString() {
        return "SparseCrossEntropy" + (weights == null ? "" : weights);
    }
}
