package org.lora4j.nn.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of one {@link OutputUpdate} of an embedding in one {@link Pass}. It owns its products and buffers. */
public interface TokenUpdatePass {
    /**
     * Binds this computation to another update of the same kind.
     *
     * @param update the update to compute from now on
     * @return false, without any effect, if the update is of another kind
     */
    boolean bind(OutputUpdate update);

    /**
     * Adds the update to the vectors of the tokens.
     *
     * @param ids the row of the table for each token
     * @param y the vectors {@code [n, dim]}, added to
     */
    void forward(int[] ids, INDArray y);

    /**
     * Computes the gradients of the trainable parameters of the update.
     *
     * @param ids the row of the table for each token
     * @param yGradient {@code ∂L/∂y [n, dim]}; not written to
     */
    void backward(int[] ids, INDArray yGradient);
}
