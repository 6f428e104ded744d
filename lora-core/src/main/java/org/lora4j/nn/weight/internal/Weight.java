package org.lora4j.nn.weight.internal;

import org.lora4j.linalg.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer multiplies with: the matrix {@code W [out, in]} of a parameter, or the table {@code [vocab, dim]} of an
 * embedding, with {@code out} and {@code in} in their place. There is one for each parameter, which all
 * passes, threads and adapters share. Nothing above it knows how the matrix is stored.
 *
 * <p>Thread-safe. What a product needs beside the matrix is in the {@link ProductContext} of the caller.
 */
public interface Weight {
    /**
     * Returns the type of the products.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Returns the number of rows of W.
     *
     * @return {@code out}
     */
    long outputSize();

    /**
     * Returns the number of columns of W.
     *
     * @return {@code in}
     */
    long inputSize();

    /**
     * Computes {@code y = x·Wᵀ}.
     *
     * @param context the caller's contexts
     * @param x the input {@code [n, in]}
     * @param y the result {@code [n, out]}
     */
    void multiply(ProductContext context, INDArray x, INDArray y);

    /**
     * Computes {@code dx = g·W}, or adds it.
     *
     * @param context the caller's contexts
     * @param g the gradient {@code [n, out]}
     * @param dx the result {@code [n, in]}
     * @param adds whether the product is added to what {@code dx} holds
     */
    void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds);

    /**
     * Copies rows of W.
     *
     * @param ids the numbers of the rows, n of them
     * @param result gets the rows {@code [n, in]}, in 'c' order
     */
    void rows(int[] ids, INDArray result);

    /**
     * Returns a row of W.
     *
     * @param row the number of the row
     * @return {@code [1, in]}; do not write to it
     */
    INDArray row(long row);

    /**
     * Returns a column of W, as a row.
     *
     * @param column the number of the column
     * @return {@code [1, out]}; do not write to it
     */
    INDArray column(long column);

    /**
     * Returns the norms of the columns of W. While the parameter is frozen, they are computed once.
     *
     * @return {@code [in]}; do not write to it
     */
    INDArray columnNorms();

    /**
     * Returns the norms of the rows of W. While the parameter is frozen, they are computed once.
     *
     * @return {@code ‖wⱼ‖ [out]}; do not write to it
     */
    INDArray rowNorms();

    /**
     * Returns the fingerprint of W, before it was rounded to fewer bits. While the parameter is frozen, it is computed once.
     *
     * @return see {@link org.lora4j.internal.ArrayFingerprint}
     */
    String fingerprint();

    /**
     * Describes how W is stored for products.
     *
     * @param layer the path of the layer
     * @return a line of a report
     */
    WeightStorage storage(String layer);

    /** Drops packed copies, because the parameter was unfrozen or is stored in another form now. */
    void thaw();

    /**
     * Returns W as an array: that of the parameter, or a new one if the matrix is stored in fewer bits.
     *
     * @return {@code [out, in]}; do not write to it
     */
    INDArray array();

    /**
     * Returns W as a new array.
     *
     * @return {@code [out, in]}, which the caller owns
     */
    INDArray copy();
}
