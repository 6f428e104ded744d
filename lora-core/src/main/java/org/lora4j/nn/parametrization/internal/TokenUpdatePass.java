package org.lora4j.nn.parametrization.internal;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of one {@link WeightUpdate} of an embedding in one pass. It owns its products and buffers. */
public interface TokenUpdatePass {
    /**
     * Binds this computation to another update of the same kind.
     *
     * @param update the update to compute from now on
     * @return false, without any effect, if the update is of another kind
     */
    boolean bind(WeightUpdate update);

    /**
     * Adds the update to the vectors of the tokens.
     *
     * @param ids the row of the table for each token
     * @param y the vectors {@code [n, dim]}, added to
     */
    void forward(int[] ids, INDArray y);

    /**
     * Returns whether the update depends on the rows of the table.
     *
     * @return true if {@link #backward} changes the gradient of these rows
     */
    default boolean readsBase() {
        return false;
    }

    /**
     * Computes the gradients of the trainable parameters of the update.
     *
     * @param ids the row of the table for each token
     * @param yGradient {@code ∂L/∂y [n, dim]}; not written to
     * @param baseGradient the gradient of the table's rows {@code [n, dim]}, which holds {@code ∂L/∂y} and what other updates
     *     added; added to if {@link #readsBase}. Null if the table does not train
     */
    void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient);
}
