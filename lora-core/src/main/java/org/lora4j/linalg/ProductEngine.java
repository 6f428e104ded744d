package org.lora4j.linalg;

import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A library that multiplies with weights which do not change, and which it stores in a form of its own: a service provider
 * interface. {@link java.util.ServiceLoader} finds the engine when the first weight is used. Without one, or where it is not
 * fast, ND4J's products are used.
 *
 * <p>An engine may use several threads for a product. It starts with one, because two teams of threads in one process, such
 * as that of an engine and that of ND4J's BLAS, compete for the processors. {@code org.lora4j.nn.NativeThreads} sets both.
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
     * Returns how many threads compute a product.
     *
     * @return at least 1; 1 until {@link #setThreads}
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
