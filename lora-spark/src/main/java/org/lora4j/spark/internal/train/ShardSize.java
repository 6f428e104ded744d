package org.lora4j.spark.internal.train;

import java.io.Serializable;
import org.lora4j.spark.internal.rows.RowHash;

/** How much a worker has. */
final class ShardSize implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int rows;
    private final int[] tokens;
    private final int[] sequences;
    private final long hash;

    /**
     * Holds the numbers.
     *
     * @param rows the number of rows
     * @param tokens the number of tokens of its rows of each batch; empty if the rows are features
     * @param sequences the number of sequences of its rows of each batch; empty if each row is one
     * @param hash the {@link RowHash} of its rows
     */
    ShardSize(int rows, int[] tokens, int[] sequences, long hash) {
        this.rows = rows;
        this.tokens = tokens;
        this.sequences = sequences;
        this.hash = hash;
    }

    int rows() {
        return rows;
    }

    int[] tokens() {
        return tokens;
    }

    int[] sequences() {
        return sequences;
    }

    long hash() {
        return hash;
    }
}
