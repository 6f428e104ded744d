package org.lora4j.internal.math;

import org.lora4j.internal.ForModules;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Computes the norms of DoRA (<a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>): {@code ‖vⱼ‖} of each row of
 * a matrix {@code V [out, in]}, and the factor {@code cⱼ = mⱼ/‖vⱼ‖} that gives the row the magnitude {@code mⱼ}.
 */
@ForModules
public final class RowNorms {
    private RowNorms() {}

    /**
     * Computes the norms of the rows.
     *
     * @param matrix {@code V [out, in]}
     * @return {@code ‖vⱼ‖ [out]}, a new array
     */
    public static INDArray of(INDArray matrix) {
        // The reshape is needed because ND4J returns a column if the matrix has a single column.
        return matrix.norm2(1).reshape(matrix.size(0));
    }

    /**
     * Computes the factor of a row. A row of zeros has no direction. Its factor is 1, so it stays zero, and B can train.
     *
     * @param magnitude {@code mⱼ}
     * @param norm {@code ‖vⱼ‖}
     * @return {@code cⱼ}
     */
    public static double factor(double magnitude, double norm) {
        return norm == 0 ? 1 : magnitude / norm;
    }

    /**
     * Scales each row to its magnitude, in place: {@code V ← c∘V}.
     *
     * @param matrix {@code V [out, in]}, written to
     * @param magnitude {@code m} with {@code out} elements, of the same type
     * @return the matrix
     */
    public static INDArray scaleRows(INDArray matrix, INDArray magnitude) {
        return matrix.muliColumnVector(factors(magnitude, of(matrix)));
    }

    /**
     * Computes the {@link #factor} of each row.
     *
     * @param magnitude {@code m} with {@code out} elements
     * @param norms {@code ‖vⱼ‖ [out]}
     * @return {@code c [out, 1]}, a new array of the type of the norms
     */
    public static INDArray factors(INDArray magnitude, INDArray norms) {
        INDArray m = magnitude.reshape(magnitude.length());
        INDArray factors = Nd4j.createUninitializedDetached(norms.dataType(), norms.length(), 1);
        for (long i = 0; i < norms.length(); i++) {
            factors.putScalar(i, 0, factor(m.getDouble(i), norms.getDouble(i)));
        }
        return factors;
    }
}
