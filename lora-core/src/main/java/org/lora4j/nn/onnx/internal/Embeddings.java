package org.lora4j.nn.onnx.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.TokenEmbeddings;

/** The vectors of the tokens: the sum of their rows of the tables. */
final class Embeddings {
    private final Graph graph;
    private final SequenceInputs inputs;
    private final Weights weights;
    private final Products products;

    Embeddings(Graph graph, SequenceInputs inputs, Weights weights, Products products) {
        this.graph = graph;
        this.inputs = inputs;
        this.weights = weights;
        this.products = products;
    }

    String add(TokenEmbeddings layer) {
        String sum = rows(layer.word(), inputs.ids());
        Embedding type = layer.type();
        if (type != null) {
            // A table of one row, such as that of RoBERTa, needs no input.
            String rows = type.shape()[0] == 1 ? weights.weight(type) : rows(type, inputs.types());
            sum = graph.add(layer.path(), "Add", sum, rows);
        }
        Embedding position = layer.position();
        if (position != null) {
            sum = graph.add(layer.path(), "Add", sum, positions(position));
        }
        @Nullable LayerNorm norm = layer.norm();
        return norm == null ? sum : products.add(norm, sum);
    }

    private String rows(Embedding table, String rows) {
        return graph.add(table.path(), "Gather", weights.weight(table), rows);
    }

    /** The first rows; or if padding takes no position, {@code padding + n} for the n-th other token, and the row of padding for it. */
    private String positions(Embedding table) {
        if (table.padding() == Embedding.NO_PADDING) {
            return inputs.firstRows(table.path(), weights.weight(table));
        }
        String path = table.path();
        String isPadding = graph.add(path, "Equal", inputs.ids(), graph.integer(table.padding()));
        String counts = graph.wholeNumbers(path, graph.add(path, "Not", isPadding));
        String numbers = graph.add(path, "Mul", graph.add(path, "CumSum", counts, graph.integer(1)), counts);
        return rows(table, graph.add(path, "Add", numbers, graph.integer(table.padding())));
    }
}
