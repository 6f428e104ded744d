package org.lora4j.linalg;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The thin QR decomposition {@code A = Q·R} of a matrix {@code A [m, n]}, with k = min(m, n). The columns of Q are
 * orthonormal: {@code QᵀQ = I}. R is upper triangular, or upper trapezoidal if m &lt; n.
 *
 * <p>Two instances are equal if their arrays hold the same bits.
 *
 * @param q {@code Q [m, k]}, with orthonormal columns
 * @param r {@code R [k, n]}, zero below the diagonal
 */
public record ThinQr(INDArray q, INDArray r) {

    /**
     * Checks that the product {@code Q·R} exists.
     *
     * @param q {@code Q [m, k]}
     * @param r {@code R [k, n]}
     * @throws IllegalArgumentException if a factor is not a non-empty matrix of type FLOAT or DOUBLE, if the types
     *     differ, or if the number of columns of Q is not the number of rows of R
     */
    public ThinQr {
        Objects.requireNonNull(q, "q must not be null");
        Objects.requireNonNull(r, "r must not be null");
        Checks.requireProduct("QR", q, r);
    }

    /**
     * Decomposes a matrix by Householder reflections (geqrf and orgqr of LAPACK). No entry on the diagonal of R is
     * negative, so the decomposition is unique if A has full rank. Q is orthonormal even if A does not have full rank.
     *
     * @param a {@code A [m, n]}, FLOAT or DOUBLE, in any memory order and with any strides; not written to
     * @return the factors, new arrays in 'c' order
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries
     * @throws ArithmeticException if the entries are so large that the decomposition overflows
     */
    public static ThinQr of(INDArray a) {
        Objects.requireNonNull(a, "a must not be null");
        INDArray copy = Checks.finiteCopy("QR", a);
        ThinQr qr = a.size(0) >= a.size(1) ? Lapack.qr(copy) : wide(copy);
        return qr.withNonNegativeDiagonal();
    }

    /** If {@code A = [A₁ A₂]} and {@code A₁ = Q·R₁} is square, then {@code R = [R₁ Qᵀ·A₂]}. */
    private static ThinQr wide(INDArray a) {
        var leading = NDArrayIndex.interval(0, a.size(0));
        ThinQr square = Lapack.qr(a.get(NDArrayIndex.all(), leading).dup('f'));
        INDArray r = Lapack.product(square.q, true, a, false);
        r.get(NDArrayIndex.all(), leading).assign(square.r);
        return new ThinQr(square.q, r);
    }

    private ThinQr withNonNegativeDiagonal() {
        long k = r.size(0);
        INDArray signs = Nd4j.ones(r.dataType(), k);
        for (long i = 0; i < k; i++) {
            if (r.getDouble(i, i) < 0) {
                signs.putScalar(i, -1);
            }
        }
        return new ThinQr(q.dup('c').muliRowVector(signs), r.dup('c').muliColumnVector(signs));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ThinQr that && ArrayBits.equal(q, that.q) && ArrayBits.equal(r, that.r);
    }

    @Override
    public int hashCode() {
        return Objects.hash(ArrayBits.hash(q), ArrayBits.hash(r));
    }

    @Override
    public String toString() {
        return "ThinQr[Q " + ArrayBits.describe(q) + ", R " + ArrayBits.describe(r) + "]";
    }
}
