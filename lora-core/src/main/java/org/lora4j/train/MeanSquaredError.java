package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Implements {@link Loss#meanSquaredError}. */
enum MeanSquaredError implements Loss {
    INSTANCE;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        LossRows rows = new LossRows(output, labels, gradient);
        int columns = rows.columns();
        double size = (double) rows.rows() * columns;
        double squares = rows.compute((z, y, from) -> {
            double sum = 0;
            for (int k = from; k < from + columns; k++) {
                double error = z[k] - y[k];
                sum += error * error;
                z[k] = 2 * error / size;
            }
            return sum;
        });
        return squares / size;
    }
}
