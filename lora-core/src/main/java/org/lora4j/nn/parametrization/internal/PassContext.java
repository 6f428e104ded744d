package org.lora4j.nn.parametrization.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a pass provides to the computations of a layer's updates. */
public interface PassContext {
    /**
     * Returns the type of all arrays.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Returns the memory order of activations.
     *
     * @return 'f' for rows of examples, 'c' for rows of tokens
     */
    char order();

    /**
     * Creates a buffer for a part of a layer's computation. Its content stays until the gradients of the layer are computed.
     *
     * @param columns the width
     * @return a buffer of matrices in {@link #order}, which nothing else in this layer uses
     */
    BatchBuffer newBuffer(long columns);

    /**
     * Returns whether the pass trains.
     *
     * @return true for a training pass, false for predictions
     */
    boolean isTraining();

    /**
     * Returns the gradient of a parameter.
     *
     * @param parameter the parameter
     * @return the gradient, in the parameter's shape and order; null if the parameter does not train in this pass
     */
    @Nullable
    Gradient gradient(Parameter parameter);

    /**
     * Returns the weight that is updated: the layer's own, or the copy of an adapter that trains the layer in full.
     *
     * @return {@code W [out, in]}
     */
    Parameter weight();

    /**
     * Requests the product of further rows with the weight. The layer computes it before each
     * {@link WeightUpdatePass#forward}, where possible as one product with the batch's, which costs little more than the
     * batch's alone. A request lasts until the layer binds its updates anew. It is
     * not computed again where {@link #isContinued}.
     *
     * @param rows {@code R [k, in]}, contiguous; read at each forward
     * @param product gets {@code R·Wᵀ [k, out]}; in 'f' order. The caller may overwrite it after each forward
     */
    void requestWeightProduct(INDArray rows, INDArray product);

    /**
     * Returns how many forward calls came before in this pass. With a seed it determines the random numbers of a step, so
     * that a resumed training draws the same.
     *
     * @return the number of the step, from 0
     */
    long step();

    /**
     * Returns the number of a row, which its random numbers depend on. If the batch is a part of a larger one whose other parts
     * are computed elsewhere, or the rows are a block of the batch, it is the number in the whole batch. So all parts together
     * draw what one batch draws.
     *
     * @param row the row
     * @return its number in the whole batch
     */
    long rowNumber(int row);

    /**
     * Returns whether the next {@link WeightUpdatePass#forward} computes further rows of the batch that the one before computed.
     * The weights are the same then, and so is what depends on them alone.
     *
     * @return true for all blocks of rows but the first one
     */
    boolean isContinued();

    /**
     * Returns a column of ones, for sums over the batch and for adding a row to each row.
     *
     * @param rows the batch size
     * @return ones {@code [rows, 1]}; do not write to it
     */
    INDArray ones(long rows);
}
