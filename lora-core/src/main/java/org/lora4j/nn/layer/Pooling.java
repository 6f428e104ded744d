package org.lora4j.nn.layer;

import java.util.Objects;

/**
 * Makes one row of the rows of each sequence: from {@code [tokens, dim]} to {@code [sequences, dim]}.
 *
 * @param path the name of the layer, for messages
 * @param method how
 */
public record Pooling(String path, Method method) implements Layer {
    /** How one row is made. */
    public enum Method {
        /** The row of the first token, as BERT's pooler uses it. */
        FIRST,
        /** The row of the last token, the only one of a causal attention that has seen all others. */
        LAST,
        /** The mean of the rows of the real tokens, as sentence-transformers uses it. */
        MEAN
    }

    /**
     * Checks that nothing is null.
     *
     * @param path the name of the layer, for messages
     * @param method how
     */
    public Pooling {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(method, "method must not be null");
    }

    @Override
    public RowKind outputRows(RowKind inputRows) {
        if (inputRows != RowKind.TOKEN) {
            throw new IllegalArgumentException(path
                    + ": a pooling takes the tokens of sequences, found rows that are examples; a network has one pooling,"
                    + " after TokenEmbeddings");
        }
        return RowKind.EXAMPLE;
    }
}
