package org.lora4j.linalg;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A weight that a {@link ProductEngine} packed for one direction. Immutable and thread-safe. Its native memory is released
 * after it has become unreachable, also while the program is short of native memory.
 */
public interface PackedWeight {
    /**
     * Computes {@code y = x·Wᵀ} or {@code y = x·W}, whichever the weight was packed for, or adds the product to y.
     *
     * @param x the input, FLOAT {@code [n, k]} with n of at least 1, with any strides; not written to
     * @param y the result, FLOAT {@code [n, m]}, with any strides of distinct elements; shares no memory with x
     * @param adds whether the product is added to what {@code y} holds
     * @throws IllegalArgumentException if a shape or a type does not fit
     */
    void multiply(INDArray x, INDArray y, boolean adds);

    /**
     * Returns whether a product can add a bias on its way, which saves a second walk over the result.
     *
     * @return false if {@link #multiply(INDArray, INDArray, INDArray)} must not be called
     */
    default boolean addsBias() {
        return false;
    }

    /**
     * Computes {@code y = x·Wᵀ + b} or {@code y = x·W + b}, with the bits of the product and an addition after it.
     *
     * @param x the input, as for {@link #multiply(INDArray, INDArray, boolean)}
     * @param bias b, FLOAT {@code [1, m]}, in one piece, which is added to each row
     * @param y the result, as for {@link #multiply(INDArray, INDArray, boolean)}
     * @throws UnsupportedOperationException if {@link #addsBias} returns false
     * @throws IllegalArgumentException if a shape or a type does not fit
     */
    default void multiply(INDArray x, INDArray bias, INDArray y) {
        throw new UnsupportedOperationException("the product must be one that adds a bias, see addsBias");
    }

    /**
     * Copies a row of {@code W [out, in]} from the packed form, as it is multiplied with. The library keeps no other copy of a
     * weight that it can read so. It compares all rows with what was packed before it relies on them.
     *
     * @param row the number of the row, from 0 to {@code out − 1}
     * @param target gets the {@code in} elements
     * @return false if this form cannot be read; nothing was copied then
     */
    default boolean readRow(long row, float[] target) {
        return false;
    }

    /**
     * Returns how much native memory the weight takes.
     *
     * @return the number of bytes
     */
    long bytes();
}
