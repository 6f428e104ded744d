package org.lora4j.train;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Implements {@link Loss#softmaxCrossEntropy}. */
enum SoftmaxCrossEntropy implements Loss {
    INSTANCE;

    /** Smaller gradients are zero: as floats, they and their products would be below the smallest normal number. */
    private static final double SMALLEST = 1e-30;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        return compute(new LossRows(output, labels, gradient), output.size(0));
    }

    /**
     * Computes the loss of rows and its gradient.
     *
     * @param count by what the sum of the losses is divided
     */
    static double compute(LossRows rows, long count) {
        int columns = rows.columns();
        return rows.compute((z, y, from) -> row(z, y, from, from + columns, count)) / count;
    }

    /** Overwrites the outputs z of a row with {@code (p·Σy − y)/count} and returns {@code −Σ y·ln p}, where p is their softmax. */
    private static double row(double[] z, double[] y, int from, int to, long count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int j = from; j < to; j++) {
            max = Math.max(max, z[j]);
        }
        double loss = 0;
        double sum = 0;
        double mass = 0;
        for (int j = from; j < to; j++) {
            double below = z[j] - max;
            double label = y[j];
            double exponential = Math.exp(below);
            sum += exponential;
            mass += label;
            if (label != 0) {
                loss -= label * below;
            }
            // Kept until the sum is known, so each exponential is computed only once.
            z[j] = exponential;
        }
        double scale = mass / sum / count;
        double each = 1.0 / count;
        for (int j = from; j < to; j++) {
            double g = scale * z[j] - each * y[j];
            z[j] = Math.abs(g) < SMALLEST ? 0 : g;
        }
        return loss + mass * Math.log(sum);
    }

    /** Implements {@link Loss#softmaxCrossEntropy(double...)}. */
    static final class Weighted implements Loss {
        private final ClassWeights weights;

        Weighted(ClassWeights weights) {
            this.weights = weights;
        }

        @Override
        public double compute(INDArray output, INDArray labels, INDArray gradient) {
            double[] values = weights.of(output.size(1));
            LossRows.Labels plain = LossRows.labels(labels);
            // The loss of a row is linear in its labels.
            LossRows.Labels weighted = (first, count, block) -> {
                plain.read(first, count, block);
                for (int k = 0; k < count * values.length; k++) {
                    block[k] *= values[k % values.length];
                }
            };
            return SoftmaxCrossEntropy.compute(new LossRows(output, weighted, gradient), output.size(0));
        }

        @Override
        public String toString() {
            return "WeightedCrossEntropy" + weights;
        }
    }

    /** Implements {@link Loss#sparseSoftmaxCrossEntropy(double...)}. */
    static final class Sparse implements Loss, TargetLoss {
        /** The weight of each class; null if all count alike. */
        private final @Nullable ClassWeights weights;

        Sparse(@Nullable ClassWeights weights) {
            this.weights = weights;
        }

        @Override
        public INDArray targets(Input input, @Nullable INDArray labels) {
            if (input instanceof Sequences sequences && labels != null && labels.rank() == 2 && labels.size(1) > 1) {
                return TokenLabels.targets(sequences, labels, "the number of a class");
            }
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
                throw new IllegalArgumentException("labels: each must be the number of one of the " + columns
                        + " classes, from 0, found " + largest);
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
}
