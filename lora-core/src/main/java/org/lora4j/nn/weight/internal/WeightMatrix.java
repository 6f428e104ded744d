package org.lora4j.nn.weight.internal;

import java.util.function.Function;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The elements of a parameter, however they are stored, and the products of this library with them. For rows and products it must
 * be a matrix {@code [out, in]}. Thread-safe.
 */
public interface WeightMatrix {
    /**
     * Returns the type of the products.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Returns the shape.
     *
     * @return the dimensions; do not write to it
     */
    long[] shape();

    /**
     * Returns whether the elements are stored in fewer bits than those of an array.
     *
     * @return false for an array
     */
    default boolean isCompact() {
        return precision() != Precision.FLOAT;
    }

    /**
     * Returns how the elements are stored.
     *
     * @return {@code FLOAT} for an array
     */
    Precision precision();

    /**
     * Returns the native memory of the elements.
     *
     * @return the number of bytes
     */
    long bytes();

    /** Computes as {@link Weight#multiply} does. */
    void multiply(ProductContext context, INDArray x, INDArray y);

    /** Computes as {@link Weight#multiplyTransposed} does. */
    void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds);

    /**
     * Copies rows.
     *
     * @param ids the numbers of the rows, n of them
     * @param result gets the rows {@code [n, in]}, in 'c' order
     */
    void rows(int[] ids, INDArray result);

    /**
     * Returns a row.
     *
     * @param row the number of the row
     * @return {@code [1, in]}; do not write to it
     */
    INDArray row(long row);

    /**
     * Returns a column, as a row.
     *
     * @param column the number of the column
     * @return {@code [1, out]}; do not write to it
     */
    INDArray column(long column);

    /**
     * Computes the norms of the rows.
     *
     * @return {@code [out]}
     */
    INDArray rowNorms();

    /**
     * Computes the norms of the columns.
     *
     * @return {@code [in]}
     */
    INDArray columnNorms();

    /**
     * Returns the fingerprint of the weights that this matrix was created from, before they were rounded.
     *
     * @return see {@link org.lora4j.internal.memory.ArrayFingerprint}
     */
    String fingerprint();

    /**
     * Returns whether every element is a finite number.
     *
     * @return false if one is NaN or infinite
     */
    boolean isFinite();

    /**
     * Returns the elements as an array: that of the parameter, or a new one if it has none.
     *
     * @return do not write to it, unless it is that of the parameter
     */
    INDArray array();

    /**
     * Returns the elements as a new array.
     *
     * @return an array that the caller owns
     */
    INDArray copy();

    /**
     * Passes the elements as an array to a function. An array that is made for it is released at once.
     *
     * @param function reads the array, and keeps no reference to it
     * @param <R> the type of the result
     * @return what the function returned
     */
    <R> R lend(Function<INDArray, R> function);

    /**
     * As {@link #lend}, but with some rows of a matrix.
     *
     * @param from the first row
     * @param to the row after the last one
     * @param function reads the array, which is contiguous, and keeps no reference to it
     * @param <R> the type of the result
     * @return what the function returned
     */
    <R> R lendRows(int from, int to, Function<INDArray, R> function);
}
