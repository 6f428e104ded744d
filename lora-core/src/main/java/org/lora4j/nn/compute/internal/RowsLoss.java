package org.lora4j.nn.compute.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** The loss of a block of rows of an output; see {@link Pass#headLoss}. */
@FunctionalInterface
public interface RowsLoss {
    /**
     * Computes the loss of a block and its gradient.
     *
     * @param output the outputs {@code y [k, out]}; overwritten with {@code ∂L/∂y}
     * @param from the number of the first of these rows among those that were chosen
     * @return the part of the loss
     */
    double compute(INDArray output, int from);
}
