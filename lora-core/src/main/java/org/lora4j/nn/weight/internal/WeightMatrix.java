package org.lora4j.nn.weight.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The elements of a parameter and its products: an array, or a matrix in fewer bits. For products it must be a matrix
 * {@code [out, in]}. Thread-safe.
 */
public interface WeightMatrix extends MatrixElements {
    /** Computes as {@link Weight#multiply} does. */
    void multiply(ProductContext context, INDArray x, INDArray y);

    /** Computes as {@link Weight#multiplyTransposed} does. */
    void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds);
}
