package org.lora4j.nn.onnx.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;

/**
 * Self-attention. A plain one has the nodes in the order of the usual exports of a BERT; the standard has no operator for it before
 * version 23.
 */
final class Attention {
    private static final Operator HEADS_FIRST = Operator.of("Transpose").with("perm", List.of(0L, 2L, 1L, 3L));
    private static final Operator KEYS_LAST = Operator.of("Transpose").with("perm", List.of(0L, 2L, 3L, 1L));

    private final Graph graph;
    private final Products products;
    private final Functions functions;
    private final AttentionMask mask;
    private final Rotation rotation;
    private final Differences differences;

    Attention(
            Graph graph,
            Products products,
            Functions functions,
            AttentionMask mask,
            Rotation rotation,
            Differences differences) {
        this.graph = graph;
        this.products = products;
        this.functions = functions;
        this.mask = mask;
        this.rotation = rotation;
        this.differences = differences;
    }

    String add(SelfAttention layer, String x) {
        String path = layer.path();
        List<String> inputs = inputs(layer, x);
        String queries =
                graph.add(path, HEADS_FIRST, positioned(layer, inputs.get(0), layer.heads(), layer.queryNorm()));
        String keys = positioned(layer, inputs.get(1), layer.keyValueHeads(), layer.keyNorm());
        String values = graph.add(path, HEADS_FIRST, heads(layer, inputs.get(2), layer.keyValueHeads()));
        String weights = graph.add(path, Operator.of("Softmax").with("axis", -1), scores(layer, queries, keys));
        // The heads of a group lie one after the other, as more queries of one head.
        String context =
                ungrouped(layer, graph.add(path, "MatMul", grouped(layer, weights, 0), values), layer.headSize());
        String rows = graph.add(
                path,
                "Reshape",
                graph.add(path, HEADS_FIRST, context),
                graph.integers(0, 0, (long) layer.heads() * layer.headSize()));
        return products.add(layer.output(), rows);
    }

    private List<String> inputs(SelfAttention layer, String x) {
        if (layer.inputs().size() > 1) {
            return layer.inputs().stream().map(input -> products.add(input, x)).toList();
        }
        long queries = (long) layer.heads() * layer.headSize();
        long keys = (long) layer.keyValueHeads() * layer.headSize();
        return products.split(layer.path(), products.add(layer.inputs().get(0), x), queries, keys, keys);
    }

    private String heads(SelfAttention layer, String x, int count) {
        return graph.add(layer.path(), "Reshape", x, graph.integers(0, 0, count, layer.headSize()));
    }

    /** The heads of queries or keys, normalized and turned {@code [b, t, h, d]}. */
    private String positioned(SelfAttention layer, String x, int count, @Nullable RMSNorm norm) {
        String heads = heads(layer, x, count);
        String normalized = norm == null ? heads : products.add(norm, heads);
        RotaryEmbedding rotary = layer.rotary();
        return rotary == null ? normalized : rotation.add(layer.path(), rotary, layer.headSize(), normalized);
    }

    /** The scores with the mask {@code [b, h, t, t]}. */
    private String scores(SelfAttention layer, String queries, String keys) {
        String path = layer.path();
        String scores = ungrouped(
                layer,
                graph.add(path, "MatMul", grouped(layer, queries, layer.headSize()), graph.add(path, KEYS_LAST, keys)),
                0);
        RelativePositions relative = layer.relative();
        String added = mask.of(layer);
        if (relative != null && Differences.areBias(layer)) {
            added = differences.addBias(relative, added);
        } else if (relative != null) {
            scores = differences.addProducts(layer, relative, scores, queries, graph.add(path, HEADS_FIRST, keys));
        }
        String scaled = graph.add(path, "Div", scores, graph.number(1 / layer.scale()));
        String bounded =
                layer.softcap() == SelfAttention.NO_SOFTCAP ? scaled : functions.softcap(path, layer.softcap(), scaled);
        return graph.add(path, "Add", bounded, added);
    }

    /**
     * From {@code [b, h, t, last]} to {@code [b, g, h/g·t, last]}, if several heads share keys and values.
     *
     * @param last the last dimension; 0 for that of x
     */
    private String grouped(SelfAttention layer, String x, long last) {
        return layer.heads() == layer.keyValueHeads()
                ? x
                : graph.add(layer.path(), "Reshape", x, graph.integers(0, layer.keyValueHeads(), -1, last));
    }

    private String ungrouped(SelfAttention layer, String x, long last) {
        return layer.heads() == layer.keyValueHeads()
                ? x
                : graph.add(layer.path(), "Reshape", x, graph.integers(0, layer.heads(), -1, last));
    }
}
