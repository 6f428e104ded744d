package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

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
}
