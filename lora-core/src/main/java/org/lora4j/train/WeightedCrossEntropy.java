package org.lora4j.train;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Implements {@link Loss#softmaxCrossEntropy(double...)}. */
final class WeightedCrossEntropy implements Loss {
    private final double[] weights;

    WeightedCrossEntropy(double... weights) {
        if (weights.length == 0) {
            throw new IllegalArgumentException("weights: there must be one for each class, found none");
        }
        for (int k = 0; k < weights.length; k++) {
            if (!(weights[k] >= 0) || !Double.isFinite(weights[k])) {
                throw new IllegalArgumentException(
                        "weights: each must be finite and at least 0, found " + weights[k] + " for class " + k);
            }
        }
        this.weights = weights.clone();
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        if (labels.size(1) != weights.length) {
            throw new IllegalArgumentException("weights: there must be one for each of the " + labels.size(1)
                    + " classes, found " + weights.length);
        }
        INDArray row = Nd4j.createFromArray(weights).castTo(labels.dataType());
        // The loss of a row is linear in its labels.
        return SoftmaxCrossEntropy.INSTANCE.compute(output, labels.mulRowVector(row), gradient);
    }

    @Override
    public String toString() {
        return "WeightedCrossEntropy" + Arrays.toString(weights);
    }
}
