package org.lora4j.nn.onnx.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.SelfAttention;

/** What the differences of positions add to the scores of an attention. */
final class Differences {
    private final Graph graph;
    private final SequenceInputs inputs;
    private final Weights weights;
    private final Products products;
    private final int maxLength;

    Differences(Graph graph, SequenceInputs inputs, Weights weights, Products products, int maxLength) {
        this.graph = graph;
        this.inputs = inputs;
        this.weights = weights;
        this.products = products;
        this.maxLength = maxLength;
    }

    private record Key(Object positions, String what) {}

    /** Whether each head has a number for each difference, which is added as it is. */
    static boolean areBias(SelfAttention layer) {
        return layer.relative() != null && layer.positionKey() == null && layer.positionQuery() == null;
    }

    /** The mask with the bias of all heads {@code [b, h, t, t]}. */
    String addBias(RelativePositions positions, String mask) {
        return graph.once(new Key(positions, "bias"), () -> {
            String bias =
                    graph.add(positions.table().path(), "Gather", weights.weight(positions.table()), rows(positions));
            String heads = graph.add("", Operator.of("Transpose").with("perm", List.of(2L, 0L, 1L)), bias);
            return graph.add("", "Add", graph.add("", "Unsqueeze", heads, graph.integers(0)), mask);
        });
    }

    /**
     * Adds the products of queries and keys with the vectors of the differences.
     *
     * @param scores the products of queries and keys {@code [b, h, t, t]}
     * @param queries {@code [b, h, t, d]}
     * @param keys {@code [b, h, t, d]}
     */
    String addProducts(SelfAttention layer, RelativePositions positions, String scores, String queries, String keys) {
        String path = layer.path();
        String sum = scores;
        Linear key = layer.positionKey();
        if (key != null) {
            String products = graph.add(path, "MatMul", queries, vectors(layer, positions, key));
            sum = graph.add(path, "Add", sum, chosen(path, products, indices(positions, scores, false)));
        }
        Linear query = layer.positionQuery();
        if (query != null) {
            String products = graph.add(path, "MatMul", keys, vectors(layer, positions, query));
            String ofKeys = chosen(path, products, indices(positions, scores, true));
            sum = graph.add(
                    path,
                    "Add",
                    sum,
                    graph.add(path, Operator.of("Transpose").with("perm", List.of(0L, 1L, 3L, 2L)), ofKeys));
        }
        return sum;
    }

    private String chosen(String path, String products, String indices) {
        return graph.add(path, Operator.of("GatherElements").with("axis", 3), products, indices);
    }

    /** The keys or queries of all rows of the table {@code [h, d, rows]}. They do not depend on the inputs. */
    private String vectors(SelfAttention layer, RelativePositions positions, Linear projection) {
        String table = graph.once(new Key(positions, "table"), () -> {
            String rows = weights.weight(positions.table());
            @Nullable LayerNorm norm = positions.norm();
            return norm == null ? rows : products.add(norm, rows);
        });
        String heads = graph.add(
                projection.path(),
                "Reshape",
                products.add(projection, table),
                graph.integers(-1, layer.heads(), layer.headSize()));
        return graph.add(projection.path(), Operator.of("Transpose").with("perm", List.of(1L, 2L, 0L)), heads);
    }

    /** The row of the table for each query and key, or for each key and query, for all heads {@code [b, h, t, t]}. */
    private String indices(RelativePositions positions, String scores, boolean keysFirst) {
        return graph.once(new Key(positions, keysFirst ? "keys" : "queries"), () -> {
            String rows = rows(positions);
            String ordered =
                    keysFirst ? graph.add("", Operator.of("Transpose").with("perm", List.of(1L, 0L)), rows) : rows;
            return graph.add("", "Expand", ordered, graph.add("", "Shape", scores));
        });
    }

    /** The row of the table for each query and key {@code [t, t]}. */
    private String rows(RelativePositions positions) {
        return graph.once(new Key(positions, "rows"), () -> {
            long[] byDifference = new long[2 * maxLength - 1];
            for (int i = 0; i < byDifference.length; i++) {
                byDifference[i] = positions.row(i - maxLength + 1);
            }
            String places = graph.add("", "Add", inputs.differences(), graph.integer(maxLength - 1L));
            return graph.add("", "Gather", graph.integers(byDifference), places);
        });
    }
}
