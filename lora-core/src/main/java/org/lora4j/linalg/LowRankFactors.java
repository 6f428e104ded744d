package org.lora4j.linalg;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix {@code [m,n]} of rank at most r as a product {@code B·A}, which takes r·(m+n) numbers instead of m·n.
 *
 * @param b {@code [m,r]}, the left factor
 * @param a {@code [r,n]}, the right factor
 */
public record LowRankFactors(INDArray b, INDArray a) {

    /**
     * Checks that the product of the factors exists.
     *
     * @param b {@code [m,r]}
     * @param a {@code [r,n]}
     * @throws IllegalArgumentException if a factor is not a non-empty matrix of type FLOAT or DOUBLE, the types differ,
     *     or b has not as many columns as a has rows
     */
    public LowRankFactors {
        Checks.requireProduct("low-rank factors", b, a);
    }

    /**
     * The inner dimension r.
     *
     * @return r, the number of columns of B and of rows of A
     */
    public int rank() {
        return b.columns();
    }

    /**
     * Multiplies the factors.
     *
     * @return {@code B·A [m,n]}, a new array in 'c' order
     */
    public INDArray product() {
        INDArray c = Nd4j.createUninitialized(b.dataType(), new long[] {b.size(0), a.size(1)}, 'c');
        return Nd4j.gemm(b, a, c, false, false, 1.0, 0.0);
    }
}
