package org.lora4j.linalg;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix {@code [m, n]} of rank at most r as a product {@code B·A}. The factors hold r·(m+n) numbers instead of m·n.
 *
 * <p>Two instances are equal if their arrays hold the same bits.
 *
 * @param b {@code B [m, r]}, the left factor
 * @param a {@code A [r, n]}, the right factor
 */
public record LowRankFactors(INDArray b, INDArray a) {

    /**
     * Checks that the product {@code B·A} exists.
     *
     * @param b {@code B [m, r]}
     * @param a {@code A [r, n]}
     * @throws IllegalArgumentException if a factor is not a non-empty matrix of type FLOAT or DOUBLE, if the types
     *     differ, or if the number of columns of B is not the number of rows of A
     */
    public LowRankFactors {
        Objects.requireNonNull(b, "b must not be null");
        Objects.requireNonNull(a, "a must not be null");
        Checks.requireProduct("low-rank factors", b, a);
    }

    /**
     * Returns the rank r.
     *
     * @return r, the number of columns of B and of rows of A
     */
    public int rank() {
        return b.columns();
    }

    /**
     * Multiplies the factors.
     *
     * @return {@code B·A [m, n]}, a new array in 'c' order
     */
    public INDArray product() {
        INDArray c = Nd4j.createUninitialized(b.dataType(), new long[] {b.size(0), a.size(1)}, 'c');
        return Nd4j.gemm(b, a, c, false, false, 1.0, 0.0);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LowRankFactors that && ArrayBits.equal(b, that.b) && ArrayBits.equal(a, that.a);
    }

    @Override
    public int hashCode() {
        return Objects.hash(ArrayBits.hash(b), ArrayBits.hash(a));
    }

    @Override
    public String toString() {
        return "LowRankFactors[B " + ArrayBits.describe(b) + ", A " + ArrayBits.describe(a) + "]";
    }
}
