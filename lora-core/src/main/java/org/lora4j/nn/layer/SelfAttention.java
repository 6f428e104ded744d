package org.lora4j.nn.layer;

import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * Multi-head self-attention (<a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>). Each of the h heads computes
 * {@code softmax(Q·Kᵀ/√d)·V} over the tokens of one sequence, with {@code d = dim/h}; {@code output} combines the heads. The
 * sequences of a batch do not see each other. A token that is masked is no key.
 */
public final class SelfAttention implements Layer {
    private final String path;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;
    private final int heads;
    private final double dropout;
    private final long seed;

    /**
     * Creates a layer.
     *
     * @param path the module path
     * @param query {@code [dim, dim]}
     * @param key {@code [dim, dim]}
     * @param value {@code [dim, dim]}
     * @param output {@code [dim, dim]}, applied to the heads side by side
     * @param heads the number of heads, which divides {@code dim}
     * @param dropout the probability with which an attention weight is dropped in training; 0 for none
     * @param seed the seed of the dropout
     * @throws IllegalArgumentException if the sizes do not fit together, or the dropout is outside [0, 1)
     */
    public SelfAttention(
            String path, Linear query, Linear key, Linear value, Linear output, int heads, double dropout, long seed) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.query = Objects.requireNonNull(query, "query must not be null");
        this.key = Objects.requireNonNull(key, "key must not be null");
        this.value = Objects.requireNonNull(value, "value must not be null");
        this.output = Objects.requireNonNull(output, "output must not be null");
        this.heads = heads;
        this.dropout = new Dropout(path, dropout, seed).probability();
        this.seed = seed;
        long dim = query.inputSize();
        for (Linear linear : List.of(query, key, value, output)) {
            if (linear.inputSize() != dim || linear.outputSize() != dim) {
                throw new IllegalArgumentException(
                        linear.path() + ": must be [" + dim + ", " + dim + "] like the query's input, found " + linear);
            }
        }
        if (heads < 1 || dim % heads != 0) {
            throw new IllegalArgumentException(
                    path + ": the number of heads must divide the width " + dim + ", found " + heads);
        }
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public RowKind outputRows(RowKind inputRows) {
        if (inputRows != RowKind.TOKEN) {
            throw new IllegalArgumentException(path
                    + ": self-attention takes the tokens of sequences, found rows that are examples; put it after"
                    + " TokenEmbeddings and before the pooling");
        }
        return RowKind.TOKEN;
    }

    /**
     * Returns the layer of the queries.
     *
     * @return {@code [dim, dim]}
     */
    public Linear query() {
        return query;
    }

    /**
     * Returns the layer of the keys.
     *
     * @return {@code [dim, dim]}
     */
    public Linear key() {
        return key;
    }

    /**
     * Returns the layer of the values.
     *
     * @return {@code [dim, dim]}
     */
    public Linear value() {
        return value;
    }

    /**
     * Returns the layer that combines the heads.
     *
     * @return {@code [dim, dim]}
     */
    public Linear output() {
        return output;
    }

    /**
     * Returns the number of heads.
     *
     * @return h
     */
    public int heads() {
        return heads;
    }

    /**
     * Returns the dropout of the attention weights.
     *
     * @return the probability in training
     */
    public double dropout() {
        return dropout;
    }

    /**
     * Returns the seed of the dropout.
     *
     * @return the seed
     */
    public long seed() {
        return seed;
    }

    @Override
    public List<Layer> children() {
        return List.of(query, key, value, output);
    }

    @Override
    public long outputSize(long inputSize) {
        return output.outputSize(query.outputSize(inputSize));
    }

    @Override
    public SelfAttention with(UnaryOperator<WeightedLayer> weights) {
        return new SelfAttention(
                path,
                (Linear) weights.apply(query),
                (Linear) weights.apply(key),
                (Linear) weights.apply(value),
                (Linear) weights.apply(output),
                heads,
                dropout,
                seed);
    }

    @Override
    public String toString() {
        return path + ": SelfAttention(" + heads + " heads)" + children();
    }
}
