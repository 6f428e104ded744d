package org.lora4j.nn.onnx.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RMSNorm;

/** The layers with a weight on the numbers of each row: dense layers, gated feed-forward parts and normalizations. */
final class Products {
    private final Graph graph;
    private final Weights weights;
    private final Functions functions;

    Products(Graph graph, Weights weights, Functions functions) {
        this.graph = graph;
        this.weights = weights;
        this.functions = functions;
    }

    String add(Linear layer, String x) {
        String product = graph.add(layer.path(), "MatMul", x, weights.transposed(layer));
        @Nullable String bias = weights.bias(layer);
        return bias == null ? product : graph.add(layer.path(), "Add", bias, product);
    }

    String add(GatedFeedForward layer, String x) {
        String path = layer.path();
        String gate;
        String up;
        if (layer.inputs().size() == 1) {
            long width = layer.down().inputSize();
            List<String> halves = split(path, add(layer.inputs().get(0), x), width, width);
            gate = halves.get(layer.gateIsFirst() ? 0 : 1);
            up = halves.get(layer.gateIsFirst() ? 1 : 0);
        } else {
            gate = add(layer.inputs().get(0), x);
            up = add(layer.inputs().get(1), x);
        }
        return add(layer.down(), graph.add(path, "Mul", functions.gate(layer.gate(), path, gate), up));
    }

    /** Cuts the numbers of each row into parts of some widths. */
    List<String> split(String path, String x, long... widths) {
        return graph.add(path, Operator.of("Split").with("axis", -1), widths.length, x, graph.integers(widths));
    }

    String add(LayerNorm layer, String x) {
        Operator operator = Operator.of("LayerNormalization").with("axis", -1).with("epsilon", layer.epsilon());
        @Nullable String bias = weights.bias(layer);
        String factor = weights.weight(layer);
        return bias == null
                ? graph.add(layer.path(), operator, x, factor)
                : graph.add(layer.path(), operator, x, factor, bias);
    }

    /** {@code γ·x/√(mean(x²) + ε)}, which is no operator before version 23 of the standard. */
    String add(RMSNorm layer, String x) {
        String path = layer.path();
        Operator mean = Operator.of("ReduceMean").with("axes", List.of(-1L)).with("keepdims", 1);
        String square = graph.add(path, mean, graph.add(path, "Pow", x, graph.number(2)));
        String root = graph.add(path, "Sqrt", graph.add(path, "Add", square, graph.number(layer.epsilon())));
        return graph.add(path, "Mul", graph.add(path, "Div", x, root), weights.factor(layer));
    }
}
