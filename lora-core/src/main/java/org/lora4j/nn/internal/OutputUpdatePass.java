package org.lora4j.nn.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of one {@link OutputUpdate} in one {@link Pass}. It owns its products and buffers. */
public interface OutputUpdatePass {
    /**
     * Binds this computation to another update of the same kind. So a layer that switches between adapters creates no
     * native contexts.
     *
     * @param update the update to compute from now on
     * @return false, without any effect, if the update is of another kind
     */
    boolean bind(OutputUpdate update);

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
     * Changes the output after the bias was added. Does nothing unless the update overrides it.
     *
     * @param x the input {@code [n, in]}
     * @param y the output {@code [n, out]}
     */
    default void finish(INDArray x, INDArray y) {}
}
