package org.lora4j.nn.layer;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdates;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the normalizations have in common: a factor {@code γ [dim]}, perhaps a bias {@code β [dim]}, and ε. */
abstract sealed class NormLayer implements WeightedLayer permits LayerNorm, RMSNorm {
    private final String path;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final double epsilon;
    private final WeightUpdates updates;

    NormLayer(String path, INDArray weight, @Nullable INDArray bias, double epsilon) {
        ParameterArrays.requirePath(path);
        ParameterArrays.requireWeight(path, weight, 1, "a vector [dim]");
        if (bias != null) {
            ParameterArrays.requireBias(path, bias, weight);
        }
        ParameterArrays.requireEpsilon(path, epsilon);
        this.path = path;
        this.weight = new Parameter(path + ".weight", weight, true);
        this.bias = bias == null ? null : new Parameter(path + ".bias", bias, true);
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
     * Returns what is added under the root.
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
        return bias;
    }

    @Override
    public long outputSize(long inputSize) {
        ParameterArrays.requireWidth(path, weight().length(), inputSize);
        return inputSize;
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
        return path + ": " + getClass().getSimpleName() + "(" + weight().length() + ")";
    }
}
