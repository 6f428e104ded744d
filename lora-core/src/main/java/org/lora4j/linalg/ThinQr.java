package org.lora4j.linalg;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Thin QR decomposition {@code A = Q·R} of a matrix {@code A [m,n]}, with k = min(m,n): Q has orthonormal columns
 * ({@code QᵀQ = I}), R is upper triangular, or upper trapezoidal where m &lt; n.
 *
 * @param q {@code [m,k]}, orthonormal columns
 * @param r {@code [k,n]}, zero below the diagonal
 */
public record ThinQr(INDArray q, INDArray r) {

    /**
     * Checks that the product of the factors exists.
     *
     * @param q {@code [m,k]}
     * @param r {@code [k,n]}
     * @throws IllegalArgumentException if a factor is not a non-empty matrix of type FLOAT or DOUBLE, the types differ,
     *     or q has not as many columns as r has rows
     */
    public ThinQr {
        Checks.requireProduct("QR", q, r);
    }

    /**
     * Decomposes a matrix by Householder reflections (LAPACK geqrf and orgqr). The diagonal of R is not negative, which
     * makes the decomposition unique where A has full rank. For a rank-deficient A, Q is orthonormal all the same.
     *
     * @param a {@code [m,n]}, FLOAT or DOUBLE, any order or strides; not written to
     * @return the factors, new arrays in 'c' order
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries
     * @throws ArithmeticException if the entries are so large that the decomposition overflows
     */
    public static ThinQr of(INDArray a) {
        INDArray copy = Checks.finiteCopy("QR", a);
        ThinQr qr = a.size(0) >= a.size(1) ? Lapack.qr(copy) : wide(copy);
        return qr.withNonNegativeDiagonal();
    }

    /** With {@code A = [A₁ A₂]} and {@code A₁ = Q·R₁} square, {@code R = [R₁ Qᵀ·A₂]}. */
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
}
