package org.lora4j.nn.layer;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdates;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Layer normalization of each row, {@code y = γ·(x − mean)/√(var + ε) + β}
 * (<a href="https://arxiv.org/abs/1607.06450">arXiv:1607.06450</a>): PyTorch's {@code LayerNorm}. The weight is
 * {@code γ [dim]}, the bias {@code β [dim]}. The variance is that of the whole row, divided by {@code dim}.
 */
public final class LayerNorm implements WeightedLayer {
    private final String path;
    private final Parameter weight;
    private final Parameter bias;
    private final double epsilon;
    private final WeightUpdates updates;

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
        ParameterArrays.requirePath(path);
        ParameterArrays.requireWeight(path, weight, 1, "a vector [dim]");
        Objects.requireNonNull(bias, "bias must not be null");
        ParameterArrays.requireBias(path, bias, weight);
        ParameterArrays.requireEpsilon(path, epsilon);
        this.path = path;
        this.weight = new Parameter(path + ".weight", weight, true);
        this.bias = new Parameter(path + ".bias", bias, true);
        this.epsilon = epsilon;
        updates = new WeightUpdates(path, this.weight, this.bias);
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public LayerKind kind() {
        return LayerKind.NORM;
    }

    /**
     * Returns what is added to the variance.
     *
     * @return ε
     */
    public double epsilon() {
        return epsilon;
    }

    @Override
    public Parameter weightParameter() {
        return weight;
    }

    @Override
    public Parameter biasParameter() {
        return bias;
    }

    @Override
    public long outputSize(long inputSize) {
        ParameterArrays.requireWidth(path, weight().length(), inputSize);
        return inputSize;
    }

    @Override
    public LayerNorm with(INDArray newWeight, @Nullable INDArray newBias) {
        return new LayerNorm(
                path, newWeight, Objects.requireNonNull(newBias, "a layer normalization has a bias"), epsilon);
    }

    /**
     * Returns the registry of updates; not part of the API.
     *
     * @hidden
     */
    @Override
    public WeightUpdates updates() {
        return updates;
    }

    @Override
    public String toString() {
        return path + ": LayerNorm(" + weight().length() + ")";
    }
}
