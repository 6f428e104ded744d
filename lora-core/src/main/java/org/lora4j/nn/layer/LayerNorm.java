package org.lora4j.nn.layer;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Layer normalization of each row, {@code y = γ·(x − mean)/√(var + ε) + β}
 * (<a href="https://arxiv.org/abs/1607.06450">arXiv:1607.06450</a>): PyTorch's {@code LayerNorm}. The weight is
 * {@code γ [dim]}, the bias {@code β [dim]}, which can be missing. The variance is that of the whole row, divided by {@code dim}.
 */
public final class LayerNorm extends NormLayer {
    /**
     * Creates a layer around arrays, which are not copied.
     *
     * @param path the module path, such as {@code embeddings.LayerNorm}
     * @param weight {@code γ [dim]}, FLOAT or DOUBLE, contiguous
     * @param bias {@code β [dim]} of the same type, or null for none
     * @param epsilon ε, positive
     * @throws IllegalArgumentException if the path is blank, or a shape, a type or ε does not fit
     */
    public LayerNorm(String path, INDArray weight, @Nullable INDArray bias, double epsilon) {
        super(path, weight, bias, epsilon);
    }

    @Override
    public LayerNorm with(INDArray newWeight, @Nullable INDArray newBias) {
        return new LayerNorm(path(), newWeight, newBias, epsilon());
    }
}
