package org.lora4j.nn;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A dense layer, {@code y = x·Wᵀ + b}, with {@code x [n, in]}, {@code W [out, in]}, {@code b [out]} and
 * {@code y [n, out]}: the orientation of PyTorch's {@code Linear}.
 *
 * <p>The weight can be decorated by {@link Parametrization}s, registered by name, which add to it while they are
 * enabled. The original array stays where it is and is never written to by them.
 */
public final class Linear implements Layer {
    private final String path;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final Map<String, Parametrization> registered = new LinkedHashMap<>();
    private final Set<String> enabled = new LinkedHashSet<>();
    private volatile EffectiveLinear effective;

    /**
     * Makes a layer around arrays, which are not copied.
     *
     * @param path the module path, such as {@code linear1}
     * @param weight {@code W [out, in]}, FLOAT or DOUBLE, contiguous. In 'c' order it is stored as PyTorch stores it;
     *     in 'f' order the memory is that of a weight stored {@code [in, out]}, as ND4J and TensorFlow store it
     * @param bias {@code b [out]} of the same type, or null for none
     * @throws IllegalArgumentException if the path is blank or a shape, type or order does not fit
     */
    public Linear(String path, INDArray weight, @Nullable INDArray bias) {
        if (path.isBlank()) {
            throw new IllegalArgumentException("a layer's path must not be blank, found '" + path + "'");
        }
        if (weight.rank() != 2 || weight.isEmpty()) {
            throw new IllegalArgumentException(
                    path + ".weight: must be a matrix [out, in], found " + weight.shapeInfoToString());
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
        this.effective = new EffectiveLinear(this.weight, this.bias, List.of());
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
     * The width of the input.
     *
     * @return {@code in}
     */
    public long inputSize() {
        return weight.value().size(1);
    }

    /**
     * The width of the output.
     *
     * @return {@code out}
     */
    public long outputSize() {
        return weight.value().size(0);
    }

    /**
     * The type of weight and bias.
     *
     * @return FLOAT or DOUBLE
     */
    public DataType dataType() {
        return weight.value().dataType();
    }

    /**
     * The original weight.
     *
     * @return the parameter {@code W [out, in]}, without any decoration
     */
    public Parameter original() {
        return weight;
    }

    /**
     * The bias.
     *
     * @return the parameter {@code b [out]}, or null if the layer has none
     */
    public @Nullable Parameter bias() {
        return bias;
    }

    /**
     * The layer's own parameters, without those of decorations.
     *
     * @return the weight and, if there is one, the bias
     */
    public List<Parameter> parameters() {
        return bias == null ? List.of(weight) : List.of(weight, bias);
    }

    /**
     * The effective weight, {@code W + Σ ΔWᵢ} over the enabled decorations. With none enabled it equals the original
     * bit for bit.
     *
     * @return a new array {@code [out, in]}
     */
    public INDArray weight() {
        return effective.materialize();
    }

    /**
     * What the layer computes with now.
     *
     * @return an immutable snapshot
     */
    public EffectiveLinear effective() {
        return effective;
    }

    /**
     * Decorates the weight; the decoration is enabled.
     *
     * @param name the name of the decoration on this layer
     * @param parametrization the decoration
     * @throws IllegalArgumentException if the name is taken; nothing changes then
     */
    public synchronized void register(String name, Parametrization parametrization) {
        if (registered.containsKey(name)) {
            throw new IllegalArgumentException(path + ": a parametrization named '" + name
                    + "' is registered already; registered are " + registered.keySet());
        }
        registered.put(name, parametrization);
        enabled.add(name);
        refresh();
    }

    /**
     * Removes a decoration. The original weight is as it was.
     *
     * @param name the name of the decoration on this layer
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized void remove(String name) {
        requireRegistered(name);
        registered.remove(name);
        enabled.remove(name);
        refresh();
    }

    /**
     * Lets a decoration take part or not.
     *
     * @param name the name of the decoration on this layer
     * @param on whether its ΔW is added
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized void setEnabled(String name, boolean on) {
        requireRegistered(name);
        if (on ? enabled.add(name) : enabled.remove(name)) {
            refresh();
        }
    }

    /**
     * Whether a decoration takes part.
     *
     * @param name the name of the decoration on this layer
     * @return true if its ΔW is added
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized boolean isEnabled(String name) {
        requireRegistered(name);
        return enabled.contains(name);
    }

    /**
     * All decorations, enabled or not.
     *
     * @return a copy, in the order of registration
     */
    public synchronized Map<String, Parametrization> parametrizations() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(registered));
    }

    private void requireRegistered(String name) {
        if (!registered.containsKey(name)) {
            throw new IllegalArgumentException(
                    path + ": no parametrization named '" + name + "'; registered are " + registered.keySet());
        }
    }

    private void refresh() {
        effective = new EffectiveLinear(
                weight,
                bias,
                registered.entrySet().stream()
                        .filter(entry -> enabled.contains(entry.getKey()))
                        .map(Map.Entry::getValue)
                        .toList());
    }

    @Override
    public String toString() {
        return path + ": Linear(" + inputSize() + " → " + outputSize() + (bias == null ? ", no bias)" : ")");
    }
}
