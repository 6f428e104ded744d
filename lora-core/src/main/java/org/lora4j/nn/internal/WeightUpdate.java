package org.lora4j.nn.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Parameter;
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
public interface WeightUpdate extends OutputUpdate {
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

    @Override
    WeightUpdatePass newPass(PassContext context);
}
