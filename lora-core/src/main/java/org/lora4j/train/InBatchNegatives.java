package org.lora4j.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.Softmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Implements {@link Loss#inBatchNegatives}. */
final class InBatchNegatives implements Loss {
    /** A shorter vector counts as one of this length, as in PyTorch. */
    private static final double SMALLEST_NORM = 1e-12;

    private final double scale;
    private final int hardNegatives;

    InBatchNegatives(double scale, int hardNegatives) {
        if (!(scale > 0) || !Double.isFinite(scale)) {
            throw new IllegalArgumentException("scale must be positive, found " + scale);
        }
        if (hardNegatives < 0) {
            throw new IllegalArgumentException("hardNegatives must be at least 0, found " + hardNegatives);
        }
        this.scale = scale;
        this.hardNegatives = hardNegatives;
    }

    @Override
    public boolean usesLabels() {
        return false;
    }

    /**
     * Returns what {@link #compute} gets in place of labels: which candidates belong to which anchor, or the outputs if this is
     * not known.
     */
    static INDArray expected(INDArray output, @Nullable INDArray labels) {
        return labels != null && labels.dataType() == DataType.BOOL ? labels : output;
    }

    /**
     * Computes the loss.
     *
     * @param labels which candidates belong to which anchor, see {@link Batch#withPositives}, if they are BOOL; else of no use
     */
    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        long rows = output.size(0);
        if (rows % (2 + hardNegatives) != 0) {
            throw new IllegalArgumentException(
                    hardNegatives == 0
                            ? "a batch of pairs must have 2n rows, n anchors and then the positive of each, found "
                                    + rows + "; create it with Batch.ofPairs"
                            : "a batch of anchors with " + hardNegatives + " negatives must have " + (2 + hardNegatives)
                                    + "n rows, n anchors, then the positive of each, then their negatives, found "
                                    + rows + "; create it with Batch.ofTriples");
        }
        LossBlocks blocks = LossBlocks.ofColumns(output, gradient);
        int anchors = Math.toIntExact(rows / (2 + hardNegatives));
        Pairs pairs = new Pairs(anchors, Math.toIntExact(rows - anchors), belonging(labels, anchors, rows - anchors));
        blocks.forEachOutput((values, first, columns) -> {
            pairs.addProducts(values, columns);
            return 0;
        });
        double loss = pairs.finish(scale);
        blocks.toGradient((values, first, columns) -> {
            pairs.differentiate(values, columns);
            return 0;
        });
        return loss;
    }

    /** Returns at {@code i·m + j} whether the candidate j belongs to the anchor i; null if this is not known. */
    private static boolean @Nullable [] belonging(INDArray labels, long anchors, long candidates) {
        if (labels.dataType() != DataType.BOOL) {
            return null;
        }
        if (!Arrays.equals(labels.shape(), new long[] {anchors, candidates})) {
            throw new IllegalArgumentException("labels: must say of each of the " + candidates
                    + " candidates whether it belongs to each of the " + anchors + " anchors, "
                    + Arrays.toString(new long[] {anchors, candidates}) + ", found "
                    + Arrays.toString(labels.shape()) + "; create the batch with Batch.withPositives");
        }
        boolean[] belonging = new boolean[Math.toIntExact(labels.length())];
        for (int k = 0; k < belonging.length; k++) {
            belonging[k] = labels.getDouble(k / candidates, k % candidates) != 0;
        }
        return belonging;
    }

    /**
     * The products of n anchors {@code a} and m candidates {@code p}, the positive of each anchor first, and then the coefficients of the gradients:
     * {@code ∂L/∂aᵢ = Σⱼ cᵢⱼ·pⱼ − uᵢ·aᵢ} and {@code ∂L/∂pⱼ = Σᵢ cᵢⱼ·aᵢ − vⱼ·pⱼ}.
     */
    private static final class Pairs {
        private final int n;
        private final int m;

        /** First {@code aᵢ·pⱼ} at {@code i·m + j}, then c. */
        private final double[] products;

        /** First the squares of the lengths of all rows, then u and v. */
        private final double[] own;

        private final double[] column;
        private final boolean @Nullable [] belonging;

        Pairs(int n, int m, boolean @Nullable [] belonging) {
            this.n = n;
            this.m = m;
            this.belonging = belonging;
            products = new double[n * m];
            own = new double[n + m];
            column = new double[n + m];
        }

        /** Adds the products of some elements of all rows. Element {@code (i, k)} is at {@code i + k·(n + m)}. */
        void addProducts(double[] values, int columns) {
            for (int k = 0; k < columns; k++) {
                System.arraycopy(values, k * (n + m), column, 0, n + m);
                for (int i = 0; i < n + m; i++) {
                    own[i] += column[i] * column[i];
                }
                for (int i = 0; i < n; i++) {
                    for (int j = 0; j < m; j++) {
                        products[i * m + j] += column[i] * column[n + j];
                    }
                }
            }
        }

        /** Computes the loss and the coefficients of the gradients. */
        double finish(double scale) {
            double[] norms = new double[n + m];
            for (int i = 0; i < n + m; i++) {
                norms[i] = Math.max(Math.sqrt(own[i]), SMALLEST_NORM);
                own[i] = 0;
            }
            double loss = 0;
            double[] scores = new double[m];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < m; j++) {
                    scores[j] = isNoNegative(i, j)
                            ? Double.NEGATIVE_INFINITY
                            : scale * products[i * m + j] / (norms[i] * norms[n + j]);
                }
                loss += Softmax.crossEntropy(scores, i);
                for (int j = 0; j < m; j++) {
                    double cosine = products[i * m + j] / (norms[i] * norms[n + j]);
                    double slope = scale * (scores[j] - (i == j ? 1 : 0)) / n;
                    products[i * m + j] = slope / (norms[i] * norms[n + j]);
                    own[i] += slopeOfNorm(slope * cosine, norms[i]);
                    own[n + j] += slopeOfNorm(slope * cosine, norms[n + j]);
                }
            }
            return loss / n;
        }

        /** Whether a candidate also belongs to an anchor, beside its own positive. */
        private boolean isNoNegative(int i, int j) {
            return belonging != null && i != j && belonging[i * m + j];
        }

        /** A vector as short as the smallest norm is divided by a constant. */
        private static double slopeOfNorm(double slope, double norm) {
            return norm > SMALLEST_NORM ? slope / norm / norm : 0;
        }

        /** Overwrites some elements of all rows with those of their gradients. */
        void differentiate(double[] values, int columns) {
            for (int k = 0; k < columns; k++) {
                System.arraycopy(values, k * (n + m), column, 0, n + m);
                int first = k * (n + m);
                for (int i = 0; i < n + m; i++) {
                    values[first + i] = -own[i] * column[i];
                }
                for (int i = 0; i < n; i++) {
                    double sum = 0;
                    for (int j = 0; j < m; j++) {
                        sum += products[i * m + j] * column[n + j];
                        values[first + n + j] += products[i * m + j] * column[i];
                    }
                    values[first + i] += sum;
                }
            }
        }
    }
}
