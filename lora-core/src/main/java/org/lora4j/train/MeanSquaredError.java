package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** See {@link Loss#meanSquaredError}. */
enum MeanSquaredError implements Loss {
    INSTANCE;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        HostMatrix z = new HostMatrix(output);
        HostMatrix y = new HostMatrix(labels);
        HostMatrix dz = new HostMatrix(gradient);
        double size = (double) z.rows() * z.columns();
        double loss = 0;
        for (int i = 0; i < z.rows(); i++) {
            for (int k = 0; k < z.columns(); k++) {
                double error = z.get(i, k) - y.get(i, k);
                loss += error * error;
                dz.set(i, k, 2 * error / size);
            }
        }
        return loss / size;
    }
}
