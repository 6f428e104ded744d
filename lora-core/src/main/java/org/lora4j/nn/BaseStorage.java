package org.lora4j.nn;

import java.util.Objects;
import org.lora4j.linalg.Precision;

/**
 * How the frozen matrices of a network are stored: those of dense layers and embeddings with at least 50,000 elements in single
 * precision. Biases, normalizations, smaller matrices and all adapters stay as they are.
 *
 * <p>In {@link Precision#BFLOAT16}, {@link Precision#INT8} and {@link Precision#INT4} a matrix takes 16, 8 or 5 bits for each
 * element, in {@link Precision#INT8_DYNAMIC} as in {@code INT8}. There is no array of floats beside it. Both directions of a
 * product, lookups and norms use the same rounded weights, so an adapter is trained on the weights that it predicts with
 * (<a href="https://arxiv.org/abs/2305.14314">arXiv:2305.14314</a>). Where a
 * {@link org.lora4j.linalg.ProductEngine} is fast in the precision, it multiplies with packed copies, and a matrix with the same
 * bits is not held beside them. Elsewhere rows of the matrix are expanded to floats.
 *
 * <p>In {@code INT4} the matrices that a GGUF file has in Q4_0, Q4_1 or Q4_K are held as they are, and its other quantized ones
 * in {@code INT8}. Weights of a bfloat16 file are exact in bfloat16. Others are rounded once, when they are stored. Fingerprints stay those of
 * the weights before. A matrix in fewer bits cannot be unfrozen: train a {@link Network#copy}, or set {@link Precision#FLOAT},
 * which gives arrays of the rounded weights.
 *
 * @param precision how the matrices are stored
 */
public record BaseStorage(Precision precision) {
    /**
     * Creates a setting.
     *
     * @param precision how the matrices are stored
     * @throws NullPointerException if the precision is null
     */
    public BaseStorage {
        Objects.requireNonNull(precision, "precision must not be null");
    }

    /**
     * Returns the setting for a precision.
     *
     * @param precision how the matrices are stored
     * @return the setting
     */
    public static BaseStorage of(Precision precision) {
        return new BaseStorage(precision);
    }
}
