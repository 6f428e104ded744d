package org.lora4j.linalg;

import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The randomized range finder with subspace iteration: Halko, Martinsson and Tropp, <a
 * href="https://arxiv.org/abs/0909.4061">Finding structure with randomness</a> (2011), algorithm 4.4.
 */
final class RangeFinder {
    /** The singular values of weight deltas decrease slowly, so several iterations are needed. Each costs two products. */
    static final int POWER_ITERATIONS = 6;

    private static final long SEED = 0;

    private RangeFinder() {}

    /**
     * Returns an orthonormal basis of a subspace that contains almost all of the leading left singular vectors.
     *
     * @param a {@code [m, n]}, not written to
     * @param size the number of basis vectors l, at most min(m, n)
     * @param iterations the number of power iterations
     * @return {@code Q [m, l]}
     */
    static INDArray basis(INDArray a, int size, int iterations) {
        INDArray q = orthonormal(Lapack.product(a, false, gaussian(a.dataType(), a.size(1), size), false));
        for (int i = 0; i < iterations; i++) {
            // Without a QR after each product, all columns would converge to the first singular vector.
            INDArray z = orthonormal(Lapack.product(a, true, q, false));
            q = orthonormal(Lapack.product(a, false, z, false));
        }
        return q;
    }

    private static INDArray orthonormal(INDArray columns) {
        return Lapack.qr(columns).q();
    }

    /** Uses {@link Random} because its algorithm is specified: every Java release gives the same numbers. */
    private static INDArray gaussian(DataType type, long rows, long columns) {
        Random random = new Random(SEED);
        double[] values = new double[Math.toIntExact(rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian();
        }
        return Nd4j.createFromArray(values).castTo(type).reshape('f', rows, columns);
    }
}
