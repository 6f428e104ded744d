package org.lora4j.nn.onnx.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weights of the layers of a graph. They are the effective ones, with all updates that are registered and enabled. An array is asked
 * for when it is written, so those that are stored in fewer bits are not all there as floats at once.
 */
final class Weights {
    private final Graph graph;
    private final List<Tensor> tensors = new ArrayList<>();

    /**
     * A weight.
     *
     * @param name its name in the graph
     * @param parameter the name of the parameter, for messages
     * @param shape its shape there
     * @param values gives its elements
     */
    record Tensor(String name, String parameter, List<Long> shape, Supplier<INDArray> values) {
        long bytes() {
            return shape.stream().reduce((long) Float.BYTES, Math::multiplyExact);
        }
    }

    /** What a weight is known by: layers can share a parameter. */
    private record Key(Object parameter, boolean isTransposed) {}

    Weights(Graph graph) {
        this.graph = graph;
    }

    List<Tensor> tensors() {
        return tensors;
    }

    /** The weight of a layer as it is. */
    String weight(WeightedLayer layer) {
        return add(layer, false, layer.path() + ".weight", array -> array);
    }

    /** The factor γ of a normalization. */
    String factor(RMSNorm norm) {
        return norm.isZeroCentered() ? add(norm, false, norm.path() + ".weight", array -> array.add(1)) : weight(norm);
    }

    /** The matrix {@code [in, out]} of a dense layer, with the name that PyTorch's exporter gives such matrices. */
    String transposed(Linear layer) {
        return add(layer, true, "onnx::MatMul_" + tensors.size(), INDArray::transpose);
    }

    private String add(WeightedLayer layer, boolean isTransposed, String name, UnaryOperator<INDArray> form) {
        EffectiveLinear effective = layer.updates().effective();
        Object shared = effective.updates().isEmpty() ? effective.weight() : layer.path();
        return graph.once(new Key(shared, isTransposed), () -> {
            long[] shape = layer.shape();
            return add(
                    name,
                    layer.path() + ".weight",
                    isTransposed ? new long[] {shape[1], shape[0]} : shape,
                    () -> form.apply(
                            effective.updates().isEmpty() ? effective.weight().value() : effective.materialize()));
        });
    }

    /** The bias of a layer; nothing if it has none. */
    @Nullable
    String bias(WeightedLayer layer) {
        EffectiveLinear effective = layer.updates().effective();
        INDArray bias = effective.materializeBias();
        if (bias == null) {
            return null;
        }
        Parameter own = layer.biasParameter();
        return graph.once(
                own == null ? layer.path() + ".bias" : own,
                () -> add(layer.path() + ".bias", layer.path() + ".bias", bias.shape(), () -> bias));
    }

    private String add(String name, String parameter, long[] shape, Supplier<INDArray> values) {
        tensors.add(new Tensor(name, parameter, Arrays.stream(shape).boxed().toList(), values));
        return name;
    }
}
