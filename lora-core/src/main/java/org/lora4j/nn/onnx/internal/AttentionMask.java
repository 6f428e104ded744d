package org.lora4j.nn.onnx.internal;

import org.lora4j.nn.layer.SelfAttention;

/**
 * What is added to the scores of an attention: 0 where the query sees the key, and a large negative number where it does not. All
 * attentions that see the same share it.
 */
final class AttentionMask {
    /** Far below each score; the sum of two of them is finite, so a query that sees no key gives numbers all the same. */
    private static final double UNSEEN = -Float.MAX_VALUE / 4;

    private final Graph graph;
    private final SequenceInputs inputs;

    AttentionMask(Graph graph, SequenceInputs inputs) {
        this.graph = graph;
        this.inputs = inputs;
    }

    /** What a token sees beside the mask. */
    private record View(boolean isCausal, int window) {}

    /** The mask for the scores {@code [b, h, t, t]} of a layer, of a shape that they are larger than. */
    String of(SelfAttention layer) {
        View view = new View(layer.isCausal(), layer.window());
        if (!view.isCausal && view.window == SelfAttention.NO_WINDOW) {
            return keys();
        }
        return graph.once(view, () -> graph.add("", "Add", keys(), band(view)));
    }

    /** Masked tokens are no keys {@code [b, 1, 1, t]}. */
    private String keys() {
        return graph.once("keys", () -> {
            String rows = graph.add("", "Unsqueeze", inputs.mask(), graph.integers(1));
            String mask = graph.add("", "Unsqueeze", rows, graph.integers(2));
            return unseen(graph.numbers("", mask));
        });
    }

    /** {@code (1 − seen)·UNSEEN}. */
    private String unseen(String seen) {
        return graph.add("", "Mul", graph.add("", "Sub", graph.number(1), seen), graph.number(UNSEEN));
    }

    /** What a token sees by the differences of positions, {@code [t, t]} or {@code [b, 1, t, t]}. */
    private String band(View view) {
        String differences = inputs.differences();
        String zero = graph.integer(0);
        String seen;
        if (!view.isCausal) {
            seen = near(graph.add("", "Abs", differences), view.window);
        } else {
            seen = graph.add("", "GreaterOrEqual", differences, zero);
            if (view.window != SelfAttention.NO_WINDOW) {
                seen = graph.add("", "And", seen, near(steps(), view.window));
            }
        }
        return unseen(graph.numbers("", seen));
    }

    private String near(String distances, int window) {
        return graph.add("", "LessOrEqual", distances, graph.integer(window));
    }

    /** How many tokens that are not masked lie between two tokens, as a causal window counts them {@code [b, 1, t, t]}. */
    private String steps() {
        return graph.once("steps", () -> {
            String queries = graph.add("", "Unsqueeze", inputs.counts(), graph.integers(1, 3));
            return graph.add("", "Sub", queries, graph.add("", "Unsqueeze", inputs.counts(), graph.integers(1, 2)));
        });
    }
}
