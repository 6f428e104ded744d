package org.lora4j.train;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Implements {@link Loss#softmaxCrossEntropy}. */
enum SoftmaxCrossEntropy implements Loss {
    INSTANCE;

    /** Smaller gradients are zero: as floats, they and their products would be below the smallest normal number. */
    private static final double SMALLEST = 1e-30;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        return compute(new LossBlocks(output, labels, gradient), output.size(0));
    }

    /**
     * Computes the loss of blocks and its gradient.
     *
     * @param count by what the sum of the losses is divided
     */
    static double compute(LossBlocks blocks, long count) {
        int n = blocks.rows();
        double[] max = new double[n];
        Arrays.fill(max, Double.NEGATIVE_INFINITY);
        blocks.forEachOutput((z, columns) -> maxima(z, columns, max));
        // The gradient holds exp(z − max) until the sums are known, so each exponential is computed only once.
        double[] sum = new double[n];
        double[] mass = new double[n];
        double loss = blocks.fromOutputs((z, y, columns) -> exponentials(z, y, columns, max, sum, mass));
        double[] scale = new double[n];
        for (int i = 0; i < n; i++) {
            loss += mass[i] * Math.log(sum[i]);
            scale[i] = mass[i] / sum[i] / count;
        }
        blocks.finishGradient((e, y, columns) -> probabilitiesLessLabels(e, y, columns, scale, count));
        return loss / count;
    }

    private static void maxima(double[] z, int columns, double[] max) {
        int n = max.length;
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < n; i++) {
                max[i] = Math.max(max[i], z[i + j * n]);
            }
        }
    }

    /** Overwrites z with exp(z − max) and returns −Σ y·(z − max). */
    private static double exponentials(double[] z, double[] y, int columns, double[] max, double[] sum, double[] mass) {
        int n = max.length;
        double loss = 0;
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < n; i++) {
                double below = z[i + j * n] - max[i];
                double label = y[i + j * n];
                double exponential = Math.exp(below);
                sum[i] += exponential;
                mass[i] += label;
                if (label != 0) {
                    loss -= label * below;
                }
                z[i + j * n] = exponential;
            }
        }
        return loss;
    }

    private static double probabilitiesLessLabels(double[] e, double[] y, int columns, double[] scale, long count) {
        int n = scale.length;
        double each = 1.0 / count;
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < n; i++) {
                double g = scale[i] * e[i + j * n] - each * y[i + j * n];
                e[i + j * n] = Math.abs(g) < SMALLEST ? 0 : g;
            }
        }
        return 0;
    }
}
