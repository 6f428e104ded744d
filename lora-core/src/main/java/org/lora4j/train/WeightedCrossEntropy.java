package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Implements {@link Loss#softmaxCrossEntropy(double...)}. */
final class WeightedCrossEntropy implements Loss {
    private final ClassWeights weights;

    WeightedCrossEntropy(ClassWeights weights) {
        this.weights = weights;
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        double[] values = weights.of(output.size(1));
        LossRows.Labels plain = LossRows.labels(labels);
        // The loss of a row is linear in its labels.
        LossRows.Labels weighted = (first, count, block) -> {
            plain.read(first, count, block);
            for (int k = 0; k < count * values.length; k++) {
                block[k] *= values[k % values.length];
            }
        };
        return SoftmaxCrossEntropy.compute(new LossRows(output, weighted, gradient), output.size(0));
    }

    @Override
    public String toString() {
        return "WeightedCrossEntropy" + weights;
    }
}
