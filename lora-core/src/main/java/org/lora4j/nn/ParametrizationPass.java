package org.lora4j.nn;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of one {@link Parametrization} in one {@link Pass}.
 *
 * <p>With {@code n} rows in the batch, the layer calls in this order: {@link #forward}; then, in training,
 * {@link #backward}; then, if the gradient of the input is wanted, {@link #addInputGradient}. What {@code forward}
 * saw stays valid until then.
 */
public interface ParametrizationPass {
    /**
     * Whether {@link #forward} and {@link #backward} need {@code x·Wᵀ} by itself. If not, the layer saves the memory
     * and hands over the output in its place.
     *
     * @return true if the arguments {@code base} and {@code baseGradient} are used
     */
    boolean readsBase();

    /**
     * Adds {@code x·ΔWᵀ} to the output.
     *
     * @param x the input {@code [n, in]}
     * @param base {@code x·Wᵀ [n, out]}, without bias, if {@link #readsBase}
     * @param y the output {@code [n, out]}, added to
     */
    void forward(INDArray x, INDArray base, INDArray y);

    /**
     * Computes the gradients of the own trainable parameters.
     *
     * @param x the input of {@link #forward}
     * @param base the base output of {@link #forward}
     * @param yGradient {@code ∂L/∂y [n, out]}; not written to
     * @param baseGradient {@code ∂L/∂base [n, out]}, which holds {@code ∂L/∂y} and what others added; added to if
     *     {@link #readsBase}
     */
    void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient);

    /**
     * Adds what the input's gradient gets through ΔW, after {@link #backward}.
     *
     * @param xGradient {@code ∂L/∂x [n, in]}, added to
     */
    void addInputGradient(INDArray xGradient);
}
