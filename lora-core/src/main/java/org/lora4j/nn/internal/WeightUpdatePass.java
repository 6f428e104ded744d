package org.lora4j.nn.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of one {@link WeightUpdate} in one {@link Pass}.
 *
 * <p>With {@code n} rows in the batch, the layer calls in this order: {@link #forward}; then, in training,
 * {@link #backward}; then, if the gradient of the input is needed, {@link #addInputGradient}. The arguments of
 * {@code forward} stay valid until then.
 */
public interface WeightUpdatePass extends OutputUpdatePass {
    /**
     * Computes the gradients of the trainable parameters of the update.
     *
     * @param x the input of {@link #forward}
     * @param base the base output of {@link #forward}
     * @param yGradient {@code ∂L/∂y [n, out]}; not written to
     * @param baseGradient {@code ∂L/∂base [n, out]}, which holds {@code ∂L/∂y} and what other updates added;
     *     added to if {@link #readsBase}
     */
    void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient);

    /**
     * Adds the part of the input's gradient that flows through ΔW, after {@link #backward}.
     *
     * @param xGradient {@code ∂L/∂x [n, in]}, added to
     */
    void addInputGradient(INDArray xGradient);
}
