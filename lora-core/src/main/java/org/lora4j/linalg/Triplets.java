package org.lora4j.linalg;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Singular triplets: {@code u [m, k]}, {@code s [k]} in descending order, {@code vt [k, n]}. Two instances are equal if
 * their arrays hold the same bits.
 */
record Triplets(INDArray u, INDArray s, INDArray vt) {

    /** Returns all min(m, n) triplets of {@code a [m, n]}, which is in 'f' order. Overwrites {@code a}. */
    static Triplets of(INDArray a) {
        if (a.size(0) < a.size(1)) {
            Triplets t = of(a.transpose().dup('f'));
            return new Triplets(t.vt.transpose(), t.s, t.u.transpose());
        }
        if (a.size(0) == a.size(1)) {
            return Lapack.svd(a);
        }
        // If A = Q·R and R [n, n] = U'·S·Vᵀ, then U = Q·U'. So the full U [m, m] is never formed.
        ThinQr qr = Lapack.qr(a);
        return Lapack.svd(qr.r()).mappedBy(qr.q());
    }

    /** Returns the triplets of {@code Q·M}, where these are the triplets of {@code M} and Q has orthonormal columns. */
    Triplets mappedBy(INDArray q) {
        return new Triplets(Lapack.product(q, false, u, false), s, vt);
    }

    /** Returns copies of the first {@code r} triplets, in 'c' order. */
    Triplets leading(int r) {
        return new Triplets(
                u.get(NDArrayIndex.all(), NDArrayIndex.interval(0, r)).dup('c'),
                s.get(NDArrayIndex.interval(0, r)).dup('c'),
                vt.get(NDArrayIndex.interval(0, r), NDArrayIndex.all()).dup('c'));
    }

    /** Negates both vectors of a triplet if the largest entry of the left vector is negative. Works in place. */
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

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Triplets that
                && ArrayBits.equal(u, that.u)
                && ArrayBits.equal(s, that.s)
                && ArrayBits.equal(vt, that.vt);
    }

    @Override
    public int hashCode() {
        return Objects.hash(ArrayBits.hash(u), ArrayBits.hash(s), ArrayBits.hash(vt));
    }

    @Override
    public String toString() {
        return "Triplets[U " + ArrayBits.describe(u) + ", S " + ArrayBits.describe(s) + ", Vᵀ " + ArrayBits.describe(vt)
                + "]";
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
