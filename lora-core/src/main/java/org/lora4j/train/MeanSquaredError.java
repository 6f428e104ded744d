package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Implements {@link Loss#meanSquaredError}. */
enum MeanSquaredError implements Loss {
    INSTANCE;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        LossBlocks blocks = new LossBlocks(output, labels, gradient);
        double size = (double) blocks.rows() * blocks.columns();
        double squares = blocks.fromOutputs((z, y, columns) -> {
            double sum = 0;
            for (int k = 0; k < columns * blocks.rows(); k++) {
                double error = z[k] - y[k];
                sum += error * error;
                z[k] = 2 * error / size;
            }
            return sum;
        });
        return squares / size;
    }
}
