package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** See {@link Loss#softmaxCrossEntropy}. */
enum SoftmaxCrossEntropy implements Loss {
    INSTANCE;

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        HostMatrix z = new HostMatrix(output);
        HostMatrix y = new HostMatrix(labels);
        HostMatrix dz = new HostMatrix(gradient);
        int n = z.rows();
        int classes = z.columns();
        double loss = 0;
        for (int i = 0; i < n; i++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < classes; k++) {
                max = Math.max(max, z.get(i, k));
            }
            double sum = 0;
            double mass = 0;
            for (int k = 0; k < classes; k++) {
                sum += Math.exp(z.get(i, k) - max);
                mass += y.get(i, k);
            }
            double logSumExp = max + Math.log(sum);
            for (int k = 0; k < classes; k++) {
                double logProbability = z.get(i, k) - logSumExp;
                double label = y.get(i, k);
                if (label != 0) {
                    loss -= label * logProbability;
                }
                dz.set(i, k, (mass * Math.exp(logProbability) - label) / n);
            }
        }
        return loss / n;
    }
}
