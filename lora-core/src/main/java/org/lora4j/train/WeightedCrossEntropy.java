package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Implements {@link Loss#softmaxCrossEntropy(double...)}. */
final class WeightedCrossEntropy implements Loss {
    private final ClassWeights weights;

    WeightedCrossEntropy(ClassWeights weights) {
        this.weights = weights;
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        INDArray row = Nd4j.createFromArray(weights.of(labels.size(1))).castTo(labels.dataType());
        // The loss of a row is linear in its labels.
        return SoftmaxCrossEntropy.INSTANCE.compute(output, labels.mulRowVector(row), gradient);
    }

    @Override
    public String toString() {
        return "WeightedCrossEntropy" + weights;
    }
}
