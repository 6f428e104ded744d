package org.lora4j.nn.layer;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdates;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A dense layer, {@code y = x·Wᵀ + b}, with {@code x [n, in]}, {@code W [out, in]}, {@code b [out]} and
 * {@code y [n, out]}: the orientation of PyTorch's {@code Linear}.
 *
 * <p>Updates such as {@link org.lora4j.LoRAParametrization} can be registered on the weight. While they are
 * enabled, the layer computes with the effective weight {@code W + Σ ΔWᵢ}. The original weight is never written to by
 * them.
 */
public final class Linear implements WeightedLayer {
    private final String path;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final WeightUpdates updates;

    /**
     * Creates a layer around arrays, which are not copied.
     *
     * @param path the module path, such as {@code linear1}
     * @param weight {@code W [out, in]}, FLOAT or DOUBLE, contiguous. In 'c' order it is stored as PyTorch stores it;
     *     in 'f' order the memory is that of a weight stored {@code [in, out]}, as ND4J and TensorFlow store it
     * @param bias {@code b [out]} of the same type, or null for none
     * @throws IllegalArgumentException if the path is blank or a shape, type or order does not fit
     */
    public Linear(String path, INDArray weight, @Nullable INDArray bias) {
        ParameterArrays.requirePath(path);
        ParameterArrays.requireWeight(path, weight, 2, "a matrix [out, in]");
        ParameterArrays.requireBias(path, bias, weight);
        this.path = path;
        this.weight = new Parameter(path + ".weight", weight, true);
        this.bias = bias == null ? null : new Parameter(path + ".bias", bias, true);
        updates = new WeightUpdates(path, this.weight, this.bias);
    }

    /**
     * Creates a layer around a parameter; not part of the API.
     *
     * @param path the module path
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null for none
     * @hidden
     */
    public Linear(String path, Parameter weight, @Nullable INDArray bias) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.weight = Objects.requireNonNull(weight, "weight must not be null");
        this.bias = bias == null ? null : new Parameter(path + ".bias", bias, true);
        updates = new WeightUpdates(path, weight, this.bias);
    }

    /**
     * Creates a layer that shares the table of an embedding, {@code y = x·Eᵀ}: the tied head of a language model. The two
     * layers have one parameter, with the name that the embedding gives it. Its gradient is the sum of both. An adapter of one
     * of them does not change the other.
     *
     * @param path the module path, such as {@code lm_head}
     * @param embedding the embedding with the table {@code E [vocab, dim]}
     * @return the layer
     * @throws IllegalArgumentException if the path is blank
     */
    public static Linear tiedTo(String path, Embedding embedding) {
        ParameterArrays.requirePath(path);
        return new Linear(path, embedding.weightParameter(), null);
    }

    /**
     * Returns whether the weight belongs to an embedding.
     *
     * @return true for a layer that {@link #tiedTo} created
     */
    public boolean isTied() {
        return !weight.name().equals(path + ".weight");
    }

    @Override
    public String path() {
        return path;
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
        ParameterArrays.requireWidth(path, inputSize(), inputSize);
        return outputSize();
    }

    @Override
    public Linear with(INDArray newWeight, @Nullable INDArray newBias) {
        Linear other = new Linear(path, newWeight, newBias);
        other.weight.weight().store(weight.weight().precision());
        return other;
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
        return path + ": Linear(" + inputSize() + " → " + outputSize() + (bias == null ? ", no bias)" : ")");
    }
}
