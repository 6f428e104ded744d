package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A host that is not ours: dense layers of a SameDiff graph, whose weights are stored {@code [in, out]}. */
final class SameDiffBase implements BaseModel {
    private final SameDiff graph = SameDiff.create();
    private final SDVariable input;
    private final Map<String, SDVariable> weights = new LinkedHashMap<>();
    private final Map<String, SDVariable> biases = new LinkedHashMap<>();

    /** A graph with the same weights as a network, with a ReLU between the layers. */
    SameDiffBase(Network network) {
        input = graph.placeHolder("x", network.dataType(), -1, network.inputSize());
        for (Linear linear : network.linears()) {
            String path = linear.path();
            INDArray bias = linear.bias();
            weights.put(path, graph.var(path + "_w", linear.weight().transpose().dup('c')));
            if (bias != null) {
                biases.put(path, graph.var(path + "_b", bias.dup()));
            }
        }
    }

    private record Layer(
            String path, INDArray weight, @Nullable INDArray bias) implements BaseLayer {}

    @Override
    public List<BaseLayer> baseLayers() {
        List<BaseLayer> layers = new ArrayList<>();
        weights.forEach((path, weight) -> {
            SDVariable bias = biases.get(path);
            layers.add(new Layer(path, weight.getArr().transpose(), bias == null ? null : bias.getArr()));
        });
        return layers;
    }

    @Override
    public DataType dataType() {
        return input.dataType();
    }

    /** Applies an adapter in the graph, {@code x·Wᵀ + b + s·(x·Aᵀ)·Bᵀ} in each layer, and computes the output. */
    INDArray predict(INDArray x, LoRAAdapter adapter) {
        SDVariable h = input;
        int last = weights.size() - 1;
        int index = 0;
        for (Map.Entry<String, SDVariable> entry : weights.entrySet()) {
            String path = entry.getKey();
            SDVariable y = h.mmul(entry.getValue());
            LoRAWeights lora = adapter.weights().get(path);
            if (lora != null) {
                SDVariable a = graph.constant(lora.loraA().transpose().dup('c'));
                SDVariable b = graph.constant(lora.loraB().transpose().dup('c'));
                y = y.add(h.mmul(a).mmul(b).mul(adapter.config().scaleOf(path)));
            }
            SDVariable bias = biases.get(path);
            if (bias != null) {
                y = y.add(bias);
            }
            h = index++ == last ? y : graph.nn().relu(y, 0);
        }
        return Objects.requireNonNull(graph.output(Map.of("x", x), h.name()).get(h.name()));
    }
}
