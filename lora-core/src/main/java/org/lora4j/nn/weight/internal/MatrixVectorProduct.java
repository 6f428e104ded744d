package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.ReusableOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * The product of a matrix and a vector, {@code y = α·op(M)·x + β·y}. BLAS reads the matrix where it is. For a product of two
 * matrices it packs them first, which takes two times as long as reading them. Not thread-safe.
 */
final class MatrixVectorProduct {
    /** In longer sums of floats, too much is rounded. A product of matrices adds up pieces of them. */
    static final long MOST_INNER = 16_384;

    private final ReusableOp op =
            new ReusableOp(DynamicCustomOp.builder("matmul").build());
    private final Vector x = new Vector();
    private final Vector y = new Vector();

    /** The last array, a matrix of one row or one column, as a vector. */
    private static final class Vector {
        private @Nullable INDArray array;
        private @Nullable INDArray vector;

        void forget() {
            array = null;
            vector = null;
        }

        INDArray of(INDArray matrix) {
            INDArray known = vector;
            if (known == null || matrix != array) {
                known = matrix.reshape(matrix.length());
                vector = known;
                array = matrix;
            }
            return known;
        }
    }

    MatrixVectorProduct(boolean transposed, double alpha, double beta) {
        configure(transposed, alpha, beta);
    }

    /** Drops the arrays of the last call. */
    void forget() {
        op.forget();
        x.forget();
        y.forget();
    }

    void configure(boolean transposed, double alpha, double beta) {
        op.setArguments(new long[] {transposed ? 1 : 0, 0, 0}, alpha, beta);
    }

    /** Whether a matrix has one row or one column, with its elements one after the other in memory. */
    static boolean isVector(INDArray matrix) {
        return (matrix.size(0) == 1 && (matrix.stride(1) == 1 || matrix.size(1) == 1))
                || (matrix.size(1) == 1 && matrix.stride(0) == 1);
    }

    /**
     * Computes the product.
     *
     * @param matrix M
     * @param input x, for which {@link #isVector} is true
     * @param result y, for which {@link #isVector} is true
     */
    void run(INDArray matrix, INDArray input, INDArray result) {
        op.run(matrix, x.of(input), y.of(result));
    }
}
