package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.Gemm;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradient of the weight of a linear layer, {@code G = δᵀ·x}. For a small batch, the factors are much smaller than G.
 * An updater that computes G part by part, while it uses it, needs no array of the size of the weight. It calls
 * {@link #defer}; then {@link Pass#backward} only notes the factors.
 */
public final class WeightGradient {
    private final INDArray array;
    private final Gemm product = new Gemm(true, false, 1, 0);
    private boolean deferred;
    private @Nullable INDArray outputGradient;
    private @Nullable INDArray input;

    WeightGradient(INDArray array) {
        this.array = array;
    }

    /** From the next {@link Pass#backward} on, only {@link #compute} computes the product. */
    public void defer() {
        deferred = true;
    }

    /** Sets the factors, which must stay as they are until the next call. */
    void set(INDArray newOutputGradient, INDArray newInput) {
        outputGradient = newOutputGradient;
        input = newInput;
        if (!deferred) {
            compute();
        }
    }

    /**
     * Computes the product.
     *
     * @return {@code G [out, in]}, a buffer of the pass, with undefined content if there was no backward yet
     */
    public INDArray compute() {
        if (outputGradient != null && input != null) {
            product.run(outputGradient, input, array);
        }
        return array;
    }

    boolean isDeferred() {
        return deferred;
    }

    /**
     * Returns the left factor of the last backward.
     *
     * @return {@code δ [n, out]}
     * @throws IllegalStateException if there was no backward yet
     */
    public INDArray outputGradient() {
        return required(outputGradient);
    }

    /**
     * Returns the right factor of the last backward.
     *
     * @return {@code x [n, in]}
     * @throws IllegalStateException if there was no backward yet
     */
    public INDArray input() {
        return required(input);
    }

    private static INDArray required(@Nullable INDArray factor) {
        if (factor == null) {
            throw new IllegalStateException("the gradient of a weight needs a backward before it");
        }
        return factor;
    }
}
