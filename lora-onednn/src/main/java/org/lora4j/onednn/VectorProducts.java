package org.lora4j.onednn;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_sgemv;

import org.lora4j.internal.memory.IdlePool;

/**
 * Products of one row and a matrix, {@code y = α·x·M + β·y}, in the OpenBLAS that ND4J has loaded. Before it reads the first
 * element it takes less than half the time of oneDNN, which counts where each row has the factors of its own adapter.
 *
 * <p>OpenBLAS divides a large product among its threads. The parts here are smaller, so that the calling thread computes each,
 * and the bits do not depend on the number of threads.
 */
final class VectorProducts {
    /** OpenBLAS computes fewer elements of a matrix than this in the calling thread. */
    private static final long ELEMENTS_OF_THREADS = 9216;

    /** In longer sums, a part would have few results, and more would be rounded. */
    private static final long LONGEST_SUM = 4096;

    private final IdlePool<Call> calls = new IdlePool<>(Call::new);

    /** The addresses of a call. */
    private static final class Call {
        private final FloatAddress m = new FloatAddress();
        private final FloatAddress x = new FloatAddress();
        private final FloatAddress y = new FloatAddress();

        /** Computes some of the results. */
        void run(Operand row, Operand matrix, Operand result, long from, long count, float alpha, float beta) {
            boolean isInRows = !matrix.isTransposed();
            cblas_sgemv(
                    CblasRowMajor,
                    isInRows ? CblasTrans : CblasNoTrans,
                    (int) (isInRows ? matrix.rows() : count),
                    (int) (isInRows ? count : matrix.rows()),
                    alpha,
                    m.set(matrix.column(from)),
                    Math.toIntExact(matrix.stride()),
                    x.set(row.address()),
                    Math.toIntExact(row.step()),
                    beta,
                    y.set(result.column(from)),
                    Math.toIntExact(result.step()));
        }
    }

    /** Whether {@link #run} computes a product of this many rows, whose sums have this many products. */
    static boolean computes(long rows, long products) {
        return rows == 1 && products <= LONGEST_SUM;
    }

    /**
     * Computes the product.
     *
     * @param row x {@code [1, k]}
     * @param matrix M {@code [k, n]}
     * @param result y {@code [1, n]}
     */
    void run(Operand row, Operand matrix, Operand result, float alpha, float beta) {
        long atOnce = (ELEMENTS_OF_THREADS - 1) / matrix.rows();
        calls.use(call -> {
            for (long from = 0; from < matrix.columns(); from += atOnce) {
                call.run(row, matrix, result, from, Math.min(atOnce, matrix.columns() - from), alpha, beta);
            }
            return call;
        });
    }
}
