package org.lora4j.nn.batch.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradient of the weight of a linear layer, {@code G = δᵀ·x}. For a small batch, the factors are much smaller than G.
 * An updater that computes G part by part, while it uses it, needs no array of the size of the weight. It calls
 * {@link #deferUpTo}; for a small batch, {@link Pass#backward} then only keeps the factors.
 */
public final class WeightGradient {
    private final Gradient gradient;
    private final Gemm product = new Gemm(true, false, 1, 0);
    private final BatchBuffer outputGradients;
    private int mostDeferredRows;
    private @Nullable INDArray outputGradient;
    private @Nullable INDArray input;

    WeightGradient(Gradient gradient) {
        this.gradient = gradient;
        outputGradients =
                new BatchBuffer(gradient.array().dataType(), gradient.array().size(0));
    }

    /**
     * From the next {@link Pass#backward} on, the product of a small batch is not computed.
     *
     * @param rows the greatest number of rows of a small batch
     */
    public void deferUpTo(int rows) {
        mostDeferredRows = rows;
    }

    /**
     * Computes or keeps the product. What was kept of a part before, such as a block of rows, is computed too.
     *
     * @param newOutputGradient δ; copied if it is needed later, because layers below use the same memory for their gradients
     * @param newInput x
     * @param isKept whether x stays as it is until the next forward; otherwise the product is computed now
     */
    public void set(INDArray newOutputGradient, INDArray newInput, boolean isKept) {
        long rows = newInput.size(0);
        boolean adds = gradient.beginPart();
        if (adds) {
            complete();
        }
        outputGradient = null;
        if (!adds && isKept && rows <= mostDeferredRows) {
            outputGradient = outputGradients.rows(rows).assign(newOutputGradient);
            input = newInput;
        } else {
            product.configure(true, false, 1, adds ? 1 : 0);
            product.run(newOutputGradient, newInput, gradient.array());
        }
    }

    /** Computes the product if it is deferred, so that more can be added to the array. */
    public void complete() {
        get();
        outputGradient = null;
    }

    /** Returns whether {@link Pass#backward} did not compute the product of the last batch. */
    public boolean isDeferred() {
        return outputGradient != null;
    }

    /** Returns {@code G [out, in]}, a buffer of the pass; its content is undefined before the first backward. */
    INDArray get() {
        if (outputGradient != null && input != null) {
            product.configure(true, false, 1, 0);
            product.run(outputGradient, input, gradient.array());
        }
        return gradient.array();
    }

    /**
     * Returns the left factor of the last backward.
     *
     * @return {@code δ [n, out]}
     * @throws IllegalStateException if the product is not deferred
     */
    public INDArray outputGradient() {
        return required(outputGradient);
    }

    /**
     * Returns the right factor of the last backward.
     *
     * @return {@code x [n, in]}
     * @throws IllegalStateException if the product is not deferred
     */
    public INDArray input() {
        return required(input);
    }

    private static INDArray required(@Nullable INDArray factor) {
        if (factor == null) {
            throw new IllegalStateException(
                    "the factors of a gradient are kept only after a backward that is deferred");
        }
        return factor;
    }
}
