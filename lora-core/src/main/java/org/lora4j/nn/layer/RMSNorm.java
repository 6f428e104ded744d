package org.lora4j.nn.layer;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Root mean square normalization of each row, {@code y = γ·x/√(mean(x²) + ε)}
 * (<a href="https://arxiv.org/abs/1910.07467">arXiv:1910.07467</a>): PyTorch's {@code RMSNorm}. The weight is
 * {@code γ [dim]}; there is no bias, and no mean is subtracted.
 *
 * <p>A {@linkplain #zeroCentered zero-centered} one, Gemma's, has the weight {@code γ − 1}.
 */
public final class RMSNorm extends NormLayer {
    private final boolean isZeroCentered;

    /**
     * Creates a layer around an array, which is not copied.
     *
     * @param path the module path, such as {@code model.layers.0.input_layernorm}
     * @param weight {@code γ [dim]}, FLOAT or DOUBLE, contiguous
     * @param epsilon ε, positive
     * @throws IllegalArgumentException if the path is blank, or the shape, the type or ε does not fit
     */
    public RMSNorm(String path, INDArray weight, double epsilon) {
        this(path, weight, epsilon, false);
    }

    private RMSNorm(String path, INDArray weight, double epsilon, boolean isZeroCentered) {
        super(path, weight, null, epsilon);
        this.isZeroCentered = isZeroCentered;
    }

    /**
     * Creates a layer whose weight is the difference of γ from 1: {@code y = (1 + w)·x/√(mean(x²) + ε)}.
     *
     * @param path the module path
     * @param weight {@code w [dim]}, FLOAT or DOUBLE, contiguous; not copied
     * @param epsilon ε, positive
     * @return the layer
     * @throws IllegalArgumentException if the path is blank, or the shape, the type or ε does not fit
     */
    public static RMSNorm zeroCentered(String path, INDArray weight, double epsilon) {
        return new RMSNorm(path, weight, epsilon, true);
    }

    /**
     * Returns whether 1 is added to the weight.
     *
     * @return true if the weight is {@code γ − 1}
     */
    public boolean isZeroCentered() {
        return isZeroCentered;
    }

    @Override
    public RMSNorm with(INDArray newWeight, @Nullable INDArray newBias) {
        return new RMSNorm(path(), newWeight, epsilon(), isZeroCentered);
    }
}
