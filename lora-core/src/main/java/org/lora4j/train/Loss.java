package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A loss function: it computes a number for a batch, and the gradient of this number with respect to the outputs. */
public interface Loss {
    /**
     * Computes the loss of a batch and its gradient.
     *
     * @param output the outputs of the model, {@code [n, out]}; not written to
     * @param labels the expected outputs, {@code [n, out]}; not written to
     * @param gradient receives {@code ∂L/∂output [n, out]}
     * @return the loss L
     */
    double compute(INDArray output, INDArray labels, INDArray gradient);

    /**
     * Returns whether the loss compares the outputs with labels. If not, batches need none, and {@link #compute} gets the
     * outputs in their place.
     *
     * @return true unless overridden
     */
    default boolean usesLabels() {
        return true;
    }

    /**
     * Returns the mean softmax cross-entropy, {@code L = −1/n · Σᵢ Σₖ yᵢₖ·(zᵢₖ − logΣⱼ exp zᵢⱼ)}. The outputs z are logits,
     * so the last layer of the model must have no activation. The labels y are one-hot vectors or probabilities; a
     * {@link Trainer} refuses a batch with negative ones, or with a row whose sum is not 1. The
     * log-sum-exp method computes the loss without overflow, and no logit is clipped.
     *
     * @return the loss function
     */
    static Loss softmaxCrossEntropy() {
        return SoftmaxCrossEntropy.INSTANCE;
    }

    /**
     * Returns the mean squared error over all elements, {@code L = 1/(n·out) · Σ (z − y)²}.
     *
     * @return the loss function
     */
    static Loss meanSquaredError() {
        return MeanSquaredError.INSTANCE;
    }
}
