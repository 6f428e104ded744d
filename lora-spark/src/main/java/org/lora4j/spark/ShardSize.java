package org.lora4j.spark;

import java.io.Serializable;

/** How much a worker has. */
final class ShardSize implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int rows;
    private final int[] tokens;

    /**
     * Holds the numbers.
     *
     * @param rows the number of rows
     * @param tokens the number of tokens of its rows of each batch; empty if the rows are features
     */
    ShardSize(int rows, int[] tokens) {
        this.rows = rows;
        this.tokens = tokens;
    }

    int rows() {
        return rows;
    }

    int[] tokens() {
        return tokens;
    }
}
