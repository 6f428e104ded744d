package org.lora4j.linalg;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Singular triplets: {@code u [m,k]}, {@code s [k]} descending, {@code vt [k,n]}. */
record Triplets(INDArray u, INDArray s, INDArray vt) {

    /** All min(m,n) triplets of {@code a [m,n]}, which is in 'f' order and overwritten. */
    static Triplets of(INDArray a) {
        if (a.size(0) < a.size(1)) {
            Triplets t = of(a.transpose().dup('f'));
            return new Triplets(t.vt.transpose(), t.s, t.u.transpose());
        }
        if (a.size(0) == a.size(1)) {
            return Lapack.svd(a);
        }
        // With A = Q·R, and R = U'·S·Vᵀ of size [n,n], U is Q·U': the full U [m,m] is never formed.
        ThinQr qr = Lapack.qr(a);
        return Lapack.svd(qr.r()).mappedBy(qr.q());
    }

    /** The triplets of {@code Q·M} from those of {@code M}, for a Q with orthonormal columns. */
    Triplets mappedBy(INDArray q) {
        return new Triplets(Lapack.product(q, false, u, false), s, vt);
    }

    /** The first {@code r} triplets, copied in 'c' order. */
    Triplets leading(int r) {
        return new Triplets(
                u.get(NDArrayIndex.all(), NDArrayIndex.interval(0, r)).dup('c'),
                s.get(NDArrayIndex.interval(0, r)).dup('c'),
                vt.get(NDArrayIndex.interval(0, r), NDArrayIndex.all()).dup('c'));
    }

    /** Turns both vectors of a triplet where the largest entry of the left one is negative; in place. */
    Triplets fixSigns() {
        INDArray signs = Nd4j.ones(s.dataType(), s.length());
        for (int j = 0; j < s.length(); j++) {
            if (largestOfColumn(u, j) < 0) {
                signs.putScalar(j, -1);
            }
        }
        u.muliRowVector(signs);
        vt.muliColumnVector(signs);
        return this;
    }

    private static double largestOfColumn(INDArray a, int column) {
        double largest = 0;
        for (int i = 0; i < a.size(0); i++) {
            double value = a.getDouble(i, column);
            if (Math.abs(value) > Math.abs(largest)) {
                largest = value;
            }
        }
        return largest;
    }
}
