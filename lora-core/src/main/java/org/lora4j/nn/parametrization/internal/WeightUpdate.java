package org.lora4j.nn.parametrization.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowUpdates;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Something registered on a weight that changes its effective value: the layer uses {@code W + ΔW} instead of the original
 * {@code W [out, in]}. This is all that a network knows of LoRA, and of every other kind of update.
 *
 * <p>{@link #delta} computes ΔW, for merging and inspection. {@link #newPass} creates the factored computation, which
 * need not form anything of the size of W. Both must be the same function. Several updates add up.
 *
 * <p>Implementations hold parameters and nothing that changes between calls, so that threads can share them.
 */
public interface WeightUpdate {
    /**
     * Returns the parameters of this update.
     *
     * @return its parameters, trainable or not
     */
    List<Parameter> parameters();

    /**
     * Computes the update of the weight.
     *
     * @param original the weight {@code W [out, in]}; not written to
     * @return ΔW {@code [out, in]}, a new array
     */
    INDArray delta(INDArray original);

    /**
     * Computes the update of the bias, for those that have one.
     *
     * @return Δb {@code [out]}, a new array, or null for none
     */
    default @Nullable INDArray biasDelta() {
        return null;
    }

    /**
     * Creates the computation for one pass over a linear layer.
     *
     * @param context what the pass provides
     * @return a computation that is bound to this update and owns its products and buffers
     */
    WeightUpdatePass newPass(PassContext context);

    /**
     * Creates the computation for one pass over an embedding.
     *
     * @param context what the pass provides
     * @return a computation that is bound to this update and owns its products and buffers
     * @throws UnsupportedOperationException if the update cannot be one of an embedding
     */
    default TokenUpdatePass newTokenPass(PassContext context) {
        throw new UnsupportedOperationException(this + ": cannot update an embedding");
    }

    /**
     * Returns how many elements its factors have, which measures the work for a row.
     *
     * @return the number of elements of the parameters
     */
    default long elements() {
        return parameters().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
    }

    /**
     * Returns whether {@link #addTo} can do the work of {@link WeightUpdatePass#forward} in a prediction.
     *
     * @return true if the update adds nothing but products of factors that the loops over single rows can read
     */
    default boolean fitsSingleRows() {
        return false;
    }

    /**
     * Adds this update to one row of a batch.
     *
     * @param rows gets the factors
     * @param row the number of the row
     */
    default void addTo(RowUpdates rows, int row) {
        throw new UnsupportedOperationException(this + ": cannot be computed for single rows");
    }
}
