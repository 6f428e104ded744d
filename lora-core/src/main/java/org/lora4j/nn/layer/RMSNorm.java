package org.lora4j.nn.layer;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdates;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Root mean square normalization of each row, {@code y = γ·x/√(mean(x²) + ε)}
 * (<a href="https://arxiv.org/abs/1910.07467">arXiv:1910.07467</a>): PyTorch's {@code RMSNorm}. The weight is
 * {@code γ [dim]}; there is no bias, and no mean is subtracted.
 */
public final class RMSNorm implements WeightedLayer {
    private final String path;
    private final Parameter weight;
    private final double epsilon;
    private final WeightUpdates updates;

    /**
     * Creates a layer around an array, which is not copied.
     *
     * @param path the module path, such as {@code model.layers.0.input_layernorm}
     * @param weight {@code γ [dim]}, FLOAT or DOUBLE, contiguous
     * @param epsilon ε, positive
     * @throws IllegalArgumentException if the path is blank, or the shape, the type or ε does not fit
     */
    public RMSNorm(String path, INDArray weight, double epsilon) {
        ParameterArrays.requirePath(path);
        ParameterArrays.requireWeight(path, weight, 1, "a vector [dim]");
        ParameterArrays.requireEpsilon(path, epsilon);
        this.path = path;
        this.weight = new Parameter(path + ".weight", weight, true);
        this.epsilon = epsilon;
        updates = new WeightUpdates(path, this.weight, null);
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
     * Returns what is added to the mean of the squares.
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
    public @Nullable Parameter biasParameter() {
        return null;
    }

    @Override
    public long outputSize(long inputSize) {
        ParameterArrays.requireWidth(path, weight().length(), inputSize);
        return inputSize;
    }

    @Override
    public RMSNorm with(INDArray newWeight, @Nullable INDArray newBias) {
        return new RMSNorm(path, newWeight, epsilon);
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
        return path + ": RMSNorm(" + weight().length() + ")";
    }
}
