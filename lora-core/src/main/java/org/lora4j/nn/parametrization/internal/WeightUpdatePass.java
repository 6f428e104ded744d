package org.lora4j.nn.parametrization.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of one {@link WeightUpdate} in one pass.
 *
 * <p>With {@code n} rows in the batch, the layer calls in this order: {@link #forward}; then, in training,
 * {@link #backward}; then, if the gradient of the input is needed, {@link #addInputGradient}. The arguments of
 * {@code forward} stay valid until then.
 */
public interface WeightUpdatePass {
    /**
     * Binds this computation to another update of the same kind. So a layer that switches between adapters creates no
     * native contexts.
     *
     * @param update the update to compute from now on
     * @return false, without any effect, if the update is of another kind
     */
    boolean bind(WeightUpdate update);

    /**
     * Returns whether the computation needs {@code x·Wᵀ} by itself. If not, the layer saves the memory and passes the
     * output in its place.
     *
     * @return true if the arguments {@code base} and {@code baseGradient} are used
     */
    boolean readsBase();

    /**
     * Adds the update to the output.
     *
     * @param x the input {@code [n, in]}
     * @param base {@code x·Wᵀ [n, out]}, without bias, if {@link #readsBase}
     * @param y the output {@code [n, out]}, added to
     */
    void forward(INDArray x, INDArray base, INDArray y);

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
