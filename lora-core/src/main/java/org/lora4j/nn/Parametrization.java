package org.lora4j.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A decoration of a weight: instead of the original {@code W [out, in]} a layer uses {@code W + ΔW}.
 *
 * <p>{@link #delta} materialises ΔW, for merging and inspection. {@link #newPass} gives the factored computation,
 * which need not form anything of the size of W. Both must be the same function. Several decorations of one weight
 * add up.
 *
 * <p>Implementations hold parameters and nothing that changes between calls, so that threads can share them.
 */
public interface Parametrization {
    /**
     * The parameters that this decoration brings.
     *
     * @return its parameters, trainable or not
     */
    List<Parameter> parameters();

    /**
     * Materialises the change of the weight.
     *
     * @param original the weight {@code W [out, in]}; not written to
     * @return ΔW {@code [out, in]}, a new array
     */
    INDArray delta(INDArray original);

    /**
     * Materialises the change of the bias, for decorations that have one.
     *
     * @return Δb {@code [out]}, a new array, or null for none
     */
    default @Nullable INDArray biasDelta() {
        return null;
    }

    /**
     * Makes the factored computation for one pass.
     *
     * @param context what the pass provides
     * @return a computation with buffers of its own
     */
    ParametrizationPass newPass(PassContext context);
}
