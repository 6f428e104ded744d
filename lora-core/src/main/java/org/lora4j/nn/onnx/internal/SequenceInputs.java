package org.lora4j.nn.onnx.internal;

/**
 * The inputs of an encoder, {@code [b, t]} with a row for each text and padding: the tokens, the mask, which is 1 for each real token and
 * 0 for padding, and the types of the tokens. Other values that many layers read follow from them.
 */
final class SequenceInputs {
    private final Graph graph;
    private final String ids;
    private final String mask;

    SequenceInputs(Graph graph) {
        this.graph = graph;
        ids = graph.input("input_ids");
        mask = graph.input("attention_mask");
    }

    String ids() {
        return ids;
    }

    String mask() {
        return mask;
    }

    /** The mask as numbers. */
    String maskNumbers() {
        return graph.once("mask", () -> graph.numbers("", mask));
    }

    /** The types of the tokens, an input that only models with types have. */
    String types() {
        return graph.once("types", () -> graph.input("token_type_ids"));
    }

    /** The length t, as a vector of one number. */
    String length() {
        return graph.once(
                "length",
                () -> graph.add("", Operator.of("Shape").with("start", 1).with("end", 2), ids));
    }

    /** The positions {@code 0, …, t − 1}. */
    String positions() {
        return graph.once(
                "positions",
                () -> graph.add(
                        "",
                        "Range",
                        graph.integer(0),
                        graph.add("", "Squeeze", length(), graph.integers(0)),
                        graph.integer(1)));
    }

    /** The position of each query minus that of each key {@code [t, t]}. */
    String differences() {
        return graph.once("differences", () -> {
            String queries = graph.add("", "Unsqueeze", positions(), graph.integers(1));
            return graph.add("", "Sub", queries, graph.add("", "Unsqueeze", positions(), graph.integers(0)));
        });
    }

    /** How many tokens up to each one are not masked {@code [b, t]}. */
    String counts() {
        return graph.once("counts", () -> graph.add("", "CumSum", mask, graph.integer(1)));
    }

    /** The first t rows of a table. A longer text than the table has rows is an error of whoever runs the graph. */
    String firstRows(String path, String table) {
        return graph.add(path, "Slice", table, graph.integers(0), length(), graph.integers(0));
    }
}
