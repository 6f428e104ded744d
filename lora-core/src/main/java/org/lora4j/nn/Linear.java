package org.lora4j.nn;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.internal.ArrayBits;
import org.lora4j.nn.internal.Parametrizations;
import org.lora4j.nn.internal.Parametrized;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A dense layer, {@code y = x·Wᵀ + b}, with {@code x [n, in]}, {@code W [out, in]}, {@code b [out]} and
 * {@code y [n, out]}: the orientation of PyTorch's {@code Linear}.
 *
 * <p>Parametrizations such as {@link org.lora4j.LoRAParametrization} can be registered on the weight. While they are
 * enabled, the layer computes with the effective weight {@code W + Σ ΔWᵢ}. The original weight is never written to by
 * them.
 */
public final class Linear implements Layer, BaseLayer, Parametrized {
    private final String path;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final Parametrizations parametrizations;

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
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(weight, "weight must not be null");
        if (path.isBlank()) {
            throw new IllegalArgumentException("a layer's path must not be blank, found '" + path + "'");
        }
        if (weight.rank() != 2 || weight.isEmpty()) {
            throw new IllegalArgumentException(
                    path + ".weight: must be a matrix [out, in], found " + ArrayBits.describe(weight));
        }
        DataType type = weight.dataType();
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(path + ".weight: must be FLOAT or DOUBLE, found " + type);
        }
        requireOwnMemory(path + ".weight", weight);
        if (bias != null) {
            if (bias.rank() != 1 || bias.length() != weight.size(0)) {
                throw new IllegalArgumentException(path + ".bias: must have the shape [" + weight.size(0)
                        + "] of the weight's rows, found " + Arrays.toString(bias.shape()));
            }
            if (bias.dataType() != type) {
                throw new IllegalArgumentException(
                        path + ".bias: must be " + type + " like the weight, found " + bias.dataType());
            }
            requireOwnMemory(path + ".bias", bias);
        }
        this.path = path;
        this.weight = new Parameter(path + ".weight", weight, true);
        this.bias = bias == null ? null : new Parameter(path + ".bias", bias, true);
        parametrizations = new Parametrizations(path, this.weight, this.bias);
    }

    private static void requireOwnMemory(String name, INDArray array) {
        if (array.isView() || array.elementWiseStride() != 1) {
            throw new IllegalArgumentException(name + ": must be contiguous and no view; use dup()");
        }
    }

    @Override
    public String path() {
        return path;
    }

    /**
     * Returns the original weight.
     *
     * @return {@code W [out, in]}, the array itself; do not write to it
     */
    @Override
    public INDArray weight() {
        return weight.value();
    }

    /**
     * Returns the original bias.
     *
     * @return {@code b [out]}, the array itself, or null if the layer has none; do not write to it
     */
    @Override
    public @Nullable INDArray bias() {
        return bias == null ? null : bias.value();
    }

    /**
     * Computes the effective weight, {@code W + Σ ΔWᵢ} over the enabled parametrizations. With none enabled it equals the
     * original weight bit for bit.
     *
     * @return a new array {@code [out, in]}
     */
    public INDArray effectiveWeight() {
        return parametrizations.effective().materialize();
    }

    /**
     * Returns the original weight as a parameter.
     *
     * @return the parameter W
     */
    public Parameter weightParameter() {
        return weight;
    }

    /**
     * Returns the original bias as a parameter.
     *
     * @return the parameter b, or null if the layer has no bias
     */
    public @Nullable Parameter biasParameter() {
        return bias;
    }

    /**
     * Returns the layer's own parameters, without those of parametrizations.
     *
     * @return the weight and, if there is one, the bias
     */
    public List<Parameter> parameters() {
        return bias == null ? List.of(weight) : List.of(weight, bias);
    }

    /** A layer with copies of the arrays, without parametrizations. */
    Linear copy() {
        INDArray b = bias();
        return new Linear(path, weight().dup(weight().ordering()), b == null ? null : b.dup());
    }

    /**
     * Returns the registry of parametrizations; not part of the API.
     *
     * @hidden
     */
    @Override
    public Parametrizations parametrizations() {
        return parametrizations;
    }

    @Override
    public String toString() {
        return path + ": Linear(" + inputSize() + " → " + outputSize() + (bias == null ? ", no bias)" : ")");
    }
}
