package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Losses that are means over all elements of the output, each of which has its own label. */
enum ElementLoss implements Loss {
    /** Implements {@link Loss#meanSquaredError}. */
    SQUARED_ERROR {
        @Override
        double row(double[] z, double[] y, int from, int to, double size) {
            double sum = 0;
            for (int k = from; k < to; k++) {
                double error = z[k] - y[k];
                sum += error * error;
                z[k] = 2 * error / size;
            }
            return sum;
        }
    },

    /** Implements {@link Loss#multiLabel}. */
    SIGMOID_CROSS_ENTROPY {
        @Override
        double row(double[] z, double[] y, int from, int to, double size) {
            double sum = 0;
            for (int k = from; k < to; k++) {
                double exponential = Sigmoid.exponential(z[k]);
                sum += Sigmoid.loss(z[k], y[k], exponential);
                z[k] = Sigmoid.orZero(Sigmoid.slope(z[k], y[k], exponential) / size);
            }
            return sum;
        }
    };

    /** Overwrites the outputs z of a row with the gradient, and returns the sum of the losses. */
    abstract double row(double[] z, double[] y, int from, int to, double size);

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        LossRows rows = new LossRows(output, labels, gradient);
        int columns = rows.columns();
        double size = (double) rows.rows() * columns;
        return rows.compute((z, y, from) -> row(z, y, from, from + columns, size)) / size;
    }
}
