package org.lora4j.linalg;

import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A library that multiplies with weights which do not change, and which it stores in a form of its own: a service provider
 * interface. {@link java.util.ServiceLoader} finds the engine when the first weight is used. Without one, or where it is not
 * fast, ND4J's products are used.
 *
 * <p>An engine may use several threads for a product. Two teams of threads in one process, such as that of an engine and that
 * of ND4J's BLAS, compete for the processors. So an engine that does not compute the products of {@link #multiply multiply}
 * starts with one thread. {@code org.lora4j.nn.NativeThreads} sets both teams.
 *
 * <p>Implementations are thread-safe and have a public constructor without parameters, which throws nothing. They are found
 * by a file {@code META-INF/services/org.lora4j.linalg.ProductEngine}.
 */
public interface ProductEngine {
    /** Which product a packed weight is for. */
    enum Direction {
        /** {@code y = x·Wᵀ}, with {@code x [n, in]} and {@code y [n, out]}. */
        FORWARD,

        /** {@code y = x·W}, with {@code x [n, out]} and {@code y [n, in]}: the gradient of the input. */
        TRANSPOSED
    }

    /**
     * Returns the name for logs and reports.
     *
     * @return such as {@code oneDNN 3.11.0}
     */
    String name();

    /**
     * Returns whether the engine computes at all and has fast code for a precision on this processor. If not, it is not used
     * for this precision.
     *
     * @param precision the precision
     * @return false where ND4J's products in single precision are expected to be as fast
     */
    boolean isFast(Precision precision);

    /**
     * Packs a weight. In {@link Precision#INT8} both directions have the scale of each row of W, so both multiply with the same
     * weights.
     *
     * @param weight {@code W [out, in]}, FLOAT, contiguous, in 'c' or 'f' order, with finite values; not needed afterwards
     * @param precision how it is stored
     * @param direction the product that it is packed for
     * @return the packed copy; empty if the engine is not faster for a weight of these sizes, so that ND4J must multiply with it
     * @throws IllegalArgumentException if the weight is not a FLOAT matrix
     */
    Optional<PackedWeight> prepare(INDArray weight, Precision precision, Direction direction);

    /**
     * Computes a product of matrices that may change, such as the factors of an adapter: {@code c = α·op(a)·op(b) + β·c}. An
     * engine that computes these too leaves nothing to the threads of ND4J's BLAS.
     *
     * @param a the left factor {@code [m, k]}, FLOAT, or {@code [k, m]} if it is transposed
     * @param transposeA whether {@code op(a)} is {@code aᵀ}
     * @param b the right factor {@code [k, n]}, FLOAT, or {@code [n, k]} if it is transposed
     * @param transposeB whether {@code op(b)} is {@code bᵀ}
     * @param alpha the factor α of the product, finite
     * @param beta the factor β of the old content of {@code c}, finite; 0 overwrites it, whatever it is
     * @param c the result {@code [m, n]}, FLOAT; shares no memory with the factors
     * @return false if nothing was computed, because ND4J is as fast for these matrices or the engine cannot read them
     */
    default boolean multiply(
            INDArray a, boolean transposeA, INDArray b, boolean transposeB, double alpha, double beta, INDArray c) {
        return false;
    }

    /**
     * Returns how many threads compute a product.
     *
     * @return at least 1
     */
    int threads();

    /**
     * Sets how many threads compute a product, for the whole process.
     *
     * @param threads at least 1
     * @throws IllegalArgumentException if it is less
     */
    void setThreads(int threads);
}
