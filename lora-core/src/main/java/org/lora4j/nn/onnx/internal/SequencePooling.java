package org.lora4j.nn.onnx.internal;

import java.util.List;
import org.lora4j.nn.layer.Pooling;

/** Makes one row of the rows of each text. All methods but two are a sum of the rows with a weight for each. */
final class SequencePooling {
    private static final List<Long> OF_TOKENS = List.of(1L);

    private final Graph graph;
    private final SequenceInputs inputs;

    SequencePooling(Graph graph, SequenceInputs inputs) {
        this.graph = graph;
        this.inputs = inputs;
    }

    /**
     * Adds a pooling.
     *
     * @param x {@code [b, t, d]}
     * @return {@code [b, k·d]}
     * @throws IllegalArgumentException if prompts do not count
     */
    String add(Pooling layer, String x) {
        if (!layer.includesPrompt()) {
            throw new IllegalArgumentException(layer.path()
                    + ": a pooling that is written as ONNX must count all tokens, found include_prompt false: no input of"
                    + " the file says which tokens are a prompt");
        }
        String[] rows = layer.methods().stream()
                .map(method -> row(layer.path(), method, x))
                .toArray(String[]::new);
        return rows.length == 1
                ? rows[0]
                : graph.add(layer.path(), Operator.of("Concat").with("axis", -1), rows);
    }

    private String row(String path, Pooling.Method method, String x) {
        return switch (method) {
            case FIRST -> graph.add(path, Operator.of("Gather").with("axis", 1), x, graph.integer(0));
            case MAX -> maximum(path, x);
            case CLS, LAST -> sum(path, chosen(path, method), x);
            case MEAN -> weighted(path, inputs.maskNumbers(), false, x);
            case MEAN_SQRT_LENGTH -> weighted(path, inputs.maskNumbers(), true, x);
            case WEIGHTED_MEAN -> weighted(path, positions(path), false, x);
        };
    }

    /** The positions from 1 on; 0 for a token that is masked. */
    private String positions(String path) {
        String fromOne = graph.add(path, "Add", inputs.positions(), graph.integer(1));
        return graph.numbers(path, graph.add(path, "Mul", fromOne, inputs.mask()));
    }

    /** 1 for the first or the last token that is not masked. */
    private String chosen(String path, Pooling.Method method) {
        String counts = method == Pooling.Method.CLS
                ? inputs.counts()
                : graph.add(path, Operator.of("CumSum").with("reverse", 1), inputs.mask(), graph.integer(1));
        String isNumber = graph.add(path, "Equal", graph.add(path, "Mul", counts, inputs.mask()), graph.integer(1));
        return graph.numbers(path, isNumber);
    }

    /** {@code Σwᵢ·xᵢ/Σwᵢ}, or divided by the root of it. */
    private String weighted(String path, String weights, boolean byRoot, String x) {
        String total = graph.add(path, Operator.of("ReduceSum").with("keepdims", 1), weights, graph.integers(1));
        return sum(path, graph.add(path, "Div", weights, byRoot ? graph.add(path, "Sqrt", total) : total), x);
    }

    private String sum(String path, String weights, String x) {
        String row = graph.add(path, "Unsqueeze", weights, graph.integers(1));
        return graph.add(path, "Squeeze", graph.add(path, "MatMul", row, x), graph.integers(1));
    }

    private String maximum(String path, String x) {
        String counts = graph.add(path, "Unsqueeze", inputs.mask(), graph.integers(2));
        String isMasked = graph.add(path, "Equal", counts, graph.integer(0));
        String seen = graph.add(path, "Where", isMasked, graph.number(-Float.MAX_VALUE), x);
        return graph.add(path, Operator.of("ReduceMax").with("axes", OF_TOKENS).with("keepdims", 0), seen);
    }
}
