package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A loss: a number for a batch, and its gradient. */
public interface Loss {
    /**
     * Computes the loss of a batch and its gradient.
     *
     * @param output what the model answered, {@code [n, out]}; not written to
     * @param labels what it should have answered, {@code [n, out]}; not written to
     * @param gradient gets {@code ∂L/∂output [n, out]}
     * @return the loss
     */
    double compute(INDArray output, INDArray labels, INDArray gradient);

    /**
     * Mean softmax cross entropy of logits, {@code L = −1/n · Σᵢ Σₖ yᵢₖ·(zᵢₖ − logΣⱼ exp zᵢⱼ)}, computed by
     * log-sum-exp so that large logits neither overflow nor are clipped. Labels are one-hot or probabilities.
     *
     * @return the loss
     */
    static Loss softmaxCrossEntropy() {
        return SoftmaxCrossEntropy.INSTANCE;
    }

    /**
     * Mean squared error over all elements, {@code L = 1/(n·out) · Σ (z − y)²}.
     *
     * @return the loss
     */
    static Loss meanSquaredError() {
        return MeanSquaredError.INSTANCE;
    }
}
