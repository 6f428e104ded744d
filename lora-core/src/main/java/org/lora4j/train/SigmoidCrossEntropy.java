package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Implements {@link Loss#multiLabel}. */
enum SigmoidCrossEntropy implements Loss {
    INSTANCE;

    /** Smaller gradients are zero: as floats, they and their products would be below the smallest normal number. */
    private static final double SMALLEST = 1e-30;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        LossBlocks blocks = new LossBlocks(output, labels, gradient);
        double size = (double) blocks.rows() * blocks.columns();
        double sum = blocks.fromOutputs((z, y, columns) -> {
            double part = 0;
            for (int k = 0; k < columns * blocks.rows(); k++) {
                // No exponential of a positive number, so nothing overflows.
                double exponential = Math.exp(-Math.abs(z[k]));
                part += Math.max(z[k], 0) - z[k] * y[k] + Math.log1p(exponential);
                double probability = (z[k] < 0 ? exponential : 1) / (1 + exponential);
                double g = (probability - y[k]) / size;
                z[k] = Math.abs(g) < SMALLEST ? 0 : g;
            }
            return part;
        });
        return sum / size;
    }
}
