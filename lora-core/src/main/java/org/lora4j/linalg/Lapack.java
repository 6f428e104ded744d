package org.lora4j.linalg;

import java.util.function.Consumer;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.blas.BlasException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Calls LAPACK through ND4J. ND4J's binding has limits: it accepts only contiguous arrays, it returns only the full U and
 * V, and its QR needs at least as many rows as columns. All arrays here are in 'f' order.
 */
final class Lapack {
    private Lapack() {}

    /** Decomposes {@code a [m, n]}, m ≥ n, into {@code Q·R} by Householder reflections. Q overwrites {@code a}. */
    static ThinQr qr(INDArray a) {
        INDArray r = create(a, a.size(1), a.size(1));
        call("QR", a, lapack -> lapack.geqrf(a, r));
        return new ThinQr(a, r);
    }

    /** Returns the singular triplets of the square {@code a [n, n]}. Overwrites {@code a}. */
    static Triplets svd(INDArray a) {
        long n = a.size(0);
        INDArray u = create(a, n, n);
        INDArray s = Nd4j.createUninitialized(a.dataType(), n);
        INDArray vt = create(a, n, n);
        requireFinite("SVD", a);
        call("SVD", a, lapack -> lapack.gesvd(a, s, u, vt));
        requireFinite("SVD", s);
        return new Triplets(u, s, vt);
    }

    /** Returns {@code op(a)·op(b)}; op transposes if its flag is true. */
    static INDArray product(INDArray a, boolean transposeA, INDArray b, boolean transposeB) {
        INDArray c = create(a, a.size(transposeA ? 1 : 0), b.size(transposeB ? 0 : 1));
        return Nd4j.gemm(a, b, c, transposeA, transposeB, 1.0, 0.0);
    }

    private static INDArray create(INDArray like, long rows, long columns) {
        return Nd4j.createUninitialized(like.dataType(), new long[] {rows, columns}, 'f');
    }

    /** ND4J throws an {@link Error} if LAPACK fails. The input was checked before, so the failure is a numerical one. */
    private static void call(String what, INDArray a, Consumer<org.nd4j.linalg.api.blas.Lapack> routine) {
        try {
            routine.accept(Nd4j.factory().lapack());
        } catch (BlasException e) {
            ArithmeticException failure = new ArithmeticException(what + ": LAPACK failed: " + e.getMessage()
                    + "; entries that are too large for " + a.dataType() + " cause this; scale the matrix down");
            failure.initCause(e);
            throw failure;
        }
    }

    private static void requireFinite(String what, INDArray a) {
        if (!ArrayBits.isFinite(a)) {
            throw new ArithmeticException(
                    what + ": the result must be finite, found NaN or an infinity: the entries are too large for "
                            + a.dataType() + ", or the iteration did not converge; scale the matrix down");
        }
    }
}
