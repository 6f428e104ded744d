package org.lora4j.nn.layer;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Root mean square normalization of each row, {@code y = γ·x/√(mean(x²) + ε)}
 * (<a href="https://arxiv.org/abs/1910.07467">arXiv:1910.07467</a>): PyTorch's {@code RMSNorm}. The weight is
 * {@code γ [dim]}; there is no bias, and no mean is subtracted.
 */
public final class RMSNorm extends NormLayer {
    /**
     * Creates a layer around an array, which is not copied.
     *
     * @param path the module path, such as {@code model.layers.0.input_layernorm}
     * @param weight {@code γ [dim]}, FLOAT or DOUBLE, contiguous
     * @param epsilon ε, positive
     * @throws IllegalArgumentException if the path is blank, or the shape, the type or ε does not fit
     */
    public RMSNorm(String path, INDArray weight, double epsilon) {
        super(path, weight, null, epsilon);
    }

    @Override
    public RMSNorm with(INDArray newWeight, @Nullable INDArray newBias) {
        return new RMSNorm(path(), newWeight, epsilon());
    }
}
