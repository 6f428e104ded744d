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
        int rows = Math.toIntExact(output.size(0));
        LossBlocks.Labels plain = LossBlocks.labels(labels);
        // The loss of a row is linear in its labels.
        LossBlocks.Labels weighted = (from, count, block) -> {
            plain.read(from, count, block);
            for (int k = 0; k < count * rows; k++) {
                block[k] *= values[from + k / rows];
            }
        };
        return SoftmaxCrossEntropy.compute(new LossBlocks(output, weighted, gradient), rows);
    }

    @Override
    public String toString() {
        return "WeightedCrossEntropy" + weights;
    }
}
