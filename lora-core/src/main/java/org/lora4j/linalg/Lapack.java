package org.lora4j.linalg;

import java.util.function.Consumer;
import org.lora4j.internal.ArrayBits;
import org.nd4j.linalg.api.blas.BlasException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The backend's LAPACK within the limits of ND4J's binding, which takes contiguous arrays only, gives the full U and V
 * only and needs at least as many rows as columns in QR. Everything here is in 'f' order.
 */
final class Lapack {
    private Lapack() {}

    /** {@code Q·R} of {@code a [m,n]}, m ≥ n, by Householder reflections; overwrites {@code a}, which becomes Q. */
    static ThinQr qr(INDArray a) {
        INDArray r = create(a, a.size(1), a.size(1));
        call("QR", lapack -> lapack.geqrf(a, r));
        return new ThinQr(a, r);
    }

    /** Singular triplets of the square {@code a [n,n]}; overwrites {@code a}. */
    static Triplets svd(INDArray a) {
        long n = a.size(0);
        INDArray u = create(a, n, n);
        INDArray s = Nd4j.createUninitialized(a.dataType(), n);
        INDArray vt = create(a, n, n);
        requireFinite("SVD", a);
        call("SVD", lapack -> lapack.gesvd(a, s, u, vt));
        requireFinite("SVD", s);
        return new Triplets(u, s, vt);
    }

    /** {@code op(a)·op(b)}, op being the transposition where the flag is set. */
    static INDArray product(INDArray a, boolean transposeA, INDArray b, boolean transposeB) {
        INDArray c = create(a, a.size(transposeA ? 1 : 0), b.size(transposeB ? 0 : 1));
        return Nd4j.gemm(a, b, c, transposeA, transposeB, 1.0, 0.0);
    }

    private static INDArray create(INDArray like, long rows, long columns) {
        return Nd4j.createUninitialized(like.dataType(), new long[] {rows, columns}, 'f');
    }

    /** ND4J reports what LAPACK refuses as an {@link Error}; after the checks on the input it is a numerical failure. */
    private static void call(String what, Consumer<org.nd4j.linalg.api.blas.Lapack> routine) {
        try {
            routine.accept(Nd4j.factory().lapack());
        } catch (BlasException e) {
            ArithmeticException failure = new ArithmeticException(what + ": LAPACK failed: " + e.getMessage());
            failure.initCause(e);
            throw failure;
        }
    }

    private static void requireFinite(String what, INDArray a) {
        if (!ArrayBits.isFinite(a)) {
            throw new ArithmeticException(
                    what + ": entries are too large for " + a.dataType() + ", or the iteration did not converge");
        }
    }
}
