package org.lora4j.nn;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a {@link Pass} provides to the decorations of a layer that compute in it. */
public interface PassContext {
    /**
     * The type of all arrays.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Whether the pass trains.
     *
     * @return true for a training pass, false for predictions
     */
    boolean isTraining();

    /**
     * Where the gradient of a parameter belongs.
     *
     * @param parameter the parameter
     * @return an array of the parameter's shape and order, to be overwritten at each step; null if the parameter
     *     does not train in this pass
     */
    @Nullable
    INDArray gradient(Parameter parameter);

    /**
     * The weight that is decorated: the layer's own, or what an adapter that trains the layer in full puts in its place.
     *
     * @return {@code W [out, in]}
     */
    Parameter weight();

    /**
     * Asks for the product of further rows with the weight. The layer computes it at each forward, where it pays as one
     * product with the batch's, which costs little more than that alone.
     *
     * @param rows {@code R [k, in]}, contiguous; read at each forward
     * @return {@code R·Wᵀ [k, out]} in 'f' order, made anew before each {@link ParametrizationPass#forward}, which may
     *     overwrite it
     */
    INDArray weightProduct(INDArray rows);

    /**
     * How many forward calls came before in this pass: with a seed it makes the random numbers of a step, so that a
     * resumed training draws the same.
     *
     * @return the number of the step, from 0
     */
    long step();

    /**
     * A column of ones, for sums over the batch and for adding rows to each row.
     *
     * @param rows the batch size
     * @return ones {@code [rows, 1]}; not to be written to
     */
    INDArray ones(long rows);

    /**
     * A product for the computation that is being made. When a layer turns to other decorations, their computations
     * get the products of those before, so that switching builds no native contexts.
     *
     * @param transposeA whether {@code op(a)} is {@code aᵀ}
     * @param transposeB whether {@code op(b)} is {@code bᵀ}
     * @param alpha the factor α of the product
     * @param beta the factor β of what the result holds already
     * @return a product {@code c = α·op(a)·op(b) + β·c}
     * @throws IllegalArgumentException if a factor is not finite
     */
    Gemm gemm(boolean transposeA, boolean transposeB, double alpha, double beta);

    /**
     * A buffer for the computation that is being made, handed on like the products.
     *
     * @param columns the width of the matrix
     * @return a matrix whose rows follow the batch, with undefined content
     */
    BatchBuffer buffer(long columns);
}
