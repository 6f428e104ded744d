package org.lora4j.nn.layer;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Layer normalization of each row, {@code y = γ·(x − mean)/√(var + ε) + β}
 * (<a href="https://arxiv.org/abs/1607.06450">arXiv:1607.06450</a>): PyTorch's {@code LayerNorm}. The weight is
 * {@code γ [dim]}, the bias {@code β [dim]}. The variance is that of the whole row, divided by {@code dim}.
 */
public final class LayerNorm extends NormLayer {
    /**
     * Creates a layer around arrays, which are not copied.
     *
     * @param path the module path, such as {@code embeddings.LayerNorm}
     * @param weight {@code γ [dim]}, FLOAT or DOUBLE, contiguous
     * @param bias {@code β [dim]} of the same type
     * @param epsilon ε, positive
     * @throws IllegalArgumentException if the path is blank, or a shape, a type or ε does not fit
     */
    public LayerNorm(String path, INDArray weight, INDArray bias, double epsilon) {
        super(path, weight, Objects.requireNonNull(bias, "bias must not be null"), epsilon);
    }

    @Override
    public Parameter biasParameter() {
        return Objects.requireNonNull(super.biasParameter());
    }

    @Override
    public LayerNorm with(INDArray newWeight, @Nullable INDArray newBias) {
        return new LayerNorm(
                path(), newWeight, Objects.requireNonNull(newBias, "a layer normalization has a bias"), epsilon());
    }
}
