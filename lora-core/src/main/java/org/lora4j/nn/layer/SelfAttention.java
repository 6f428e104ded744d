package org.lora4j.nn.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head self-attention (<a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>), with grouped queries (<a
 * href="https://arxiv.org/abs/2305.13245">arXiv:2305.13245</a>). Each of the h heads, of size d, computes
 * {@code softmax(s·Q·Kᵀ)·V} over the tokens of one sequence, with {@code s = 1/√d} unless another {@linkplain Builder#scale scale}
 * is set; {@code output} combines the heads. The head i uses the keys and
 * values of the head {@code i/(h/g)} of g, rounded down. The sequences of a batch do not see each other. A token that is masked
 * is no key.
 *
 * <p>In an encoder each token sees all others, or those in a {@linkplain Builder#window window} around it. {@linkplain Builder#causal Causal} attention, of decoders, sees the tokens up to
 * its own, or those of a window that ends with it; the heads of a masked token are 0 then.
 *
 * <p>Encoders can tell positions apart by their differences, which change the scores: see {@link Builder#relativeBias},
 * {@link Builder#relativeKeys} and {@link Builder#relativeQueries}.
 *
 * <p>Queries and keys can be normalized head by head and turned by their positions, in this order: Qwen3's
 * {@code q_norm} and {@code k_norm}, and a {@link RotaryEmbedding}.
 *
 * <pre>{@code
 * SelfAttention.builder("model.layers.0.self_attn", 16, 8, 128)
 *         .inputs(query, key, value)
 *         .output(output)
 *         .rotary(RotaryEmbedding.of(128, 10_000))
 *         .causal()
 *         .build();
 * }</pre>
 */
public final class SelfAttention implements Layer {
    /** The {@link #window} of an attention without one. */
    public static final int NO_WINDOW = Integer.MAX_VALUE;

    /** The {@link #softcap} of an attention without one. */
    public static final double NO_SOFTCAP = Double.POSITIVE_INFINITY;

    private final String path;
    private final int heads;
    private final int keyValueHeads;
    private final int headSize;
    private final boolean causal;
    private final int window;
    private final List<Linear> inputs;
    private final Linear output;
    private final @Nullable RotaryEmbedding rotary;
    private final @Nullable RMSNorm queryNorm;
    private final @Nullable RMSNorm keyNorm;
    private final double scale;
    private final double softcap;
    private final @Nullable RelativePositions relative;
    private final @Nullable Linear positionKey;
    private final @Nullable Linear positionQuery;
    private final double dropout;
    private final long seed;

    private SelfAttention(Builder builder) {
        path = builder.path;
        heads = builder.heads;
        keyValueHeads = builder.keyValueHeads;
        headSize = builder.headSize;
        causal = builder.causal;
        window = builder.window;
        inputs = builder.inputs;
        output = Objects.requireNonNull(builder.output);
        rotary = builder.rotary;
        queryNorm = builder.queryNorm;
        keyNorm = builder.keyNorm;
        scale = builder.scale;
        softcap = builder.softcap;
        relative = builder.relative;
        positionKey = builder.positionKey;
        positionQuery = builder.positionQuery;
        dropout = builder.dropout;
        seed = builder.seed;
    }

    /**
     * Starts a layer.
     *
     * @param path the module path
     * @param heads the number of heads of the queries, h
     * @param keyValueHeads the number of heads of the keys and values, g, which divides h
     * @param headSize the size of a head, d; {@code h·d} need not be the width of the input
     * @return a builder
     * @throws IllegalArgumentException if a number is less than 1, or g does not divide h
     */
    public static Builder builder(String path, int heads, int keyValueHeads, int headSize) {
        return new Builder(path, heads, keyValueHeads, headSize);
    }

    @Override
    public String path() {
        return path;
    }

    /**
     * Returns the number of heads of the queries.
     *
     * @return h
     */
    public int heads() {
        return heads;
    }

    /**
     * Returns the number of heads of the keys and values.
     *
     * @return g
     */
    public int keyValueHeads() {
        return keyValueHeads;
    }

    /**
     * Returns the size of a head.
     *
     * @return d
     */
    public int headSize() {
        return headSize;
    }

    /**
     * Returns whether a token sees only the tokens up to its own.
     *
     * @return true for a decoder
     */
    public boolean isCausal() {
        return causal;
    }

    /**
     * Returns how far a token sees: to both sides in an encoder, to those before it in a causal attention.
     *
     * @return the largest difference, see {@link Builder#window}; {@link #NO_WINDOW} if it sees all tokens
     */
    public int window() {
        return window;
    }

    /**
     * Returns the layers of the queries, keys and values.
     *
     * @return three layers, or one whose outputs are the queries, then the keys, then the values
     */
    public List<Linear> inputs() {
        return inputs;
    }

    /**
     * Returns the layer that combines the heads.
     *
     * @return {@code [dim, h·d]}
     */
    public Linear output() {
        return output;
    }

    /**
     * Returns the rotation of queries and keys.
     *
     * @return the rotation, or null if positions are added elsewhere
     */
    public @Nullable RotaryEmbedding rotary() {
        return rotary;
    }

    /**
     * Returns the normalization of each head of the queries.
     *
     * @return {@code [d]}, or null for none
     */
    public @Nullable RMSNorm queryNorm() {
        return queryNorm;
    }

    /**
     * Returns the normalization of each head of the keys.
     *
     * @return {@code [d]}, or null for none
     */
    public @Nullable RMSNorm keyNorm() {
        return keyNorm;
    }

    /**
     * Returns the factor of the scores.
     *
     * @return s, {@code 1/√d} in most models
     */
    public double scale() {
        return scale;
    }

    /**
     * Returns the bound of the scores.
     *
     * @return c of {@code c·tanh(score/c)}; {@link #NO_SOFTCAP} for none
     */
    public double softcap() {
        return softcap;
    }

    /**
     * Returns the vectors of the differences of positions.
     *
     * @return the vectors, or null if positions are known otherwise
     */
    public @Nullable RelativePositions relative() {
        return relative;
    }

    /**
     * Returns the layer that makes keys of {@link #relative}.
     *
     * @return one of {@link #inputs} or another one; null if there are no such keys
     */
    public @Nullable Linear positionKey() {
        return positionKey;
    }

    /**
     * Returns the layer that makes queries of {@link #relative}.
     *
     * @return one of {@link #inputs} or another one; null if there are no such queries
     */
    public @Nullable Linear positionQuery() {
        return positionQuery;
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
        List<Layer> all = new ArrayList<>(inputs);
        all.add(output);
        if (queryNorm != null) {
            all.add(queryNorm);
        }
        if (keyNorm != null) {
            all.add(keyNorm);
        }
        if (relative != null) {
            all.addAll(relative.layers());
        }
        for (Linear projection : projections()) {
            if (!inputs.contains(projection)) {
                all.add(projection);
            }
        }
        return all;
    }

    /**
     * Returns the layers that other attentions can have too.
     *
     * @return those of {@link #relative}
     */
    public List<WeightedLayer> sharedLayers() {
        return relative == null ? List.of() : relative.layers();
    }

    private List<Linear> projections() {
        return Stream.of(positionKey, positionQuery).filter(Objects::nonNull).toList();
    }

    @Override
    public Layer.RowKind outputRows(Layer.RowKind inputRows) {
        if (inputRows != Layer.RowKind.TOKEN) {
            throw new IllegalArgumentException(path
                    + ": self-attention takes the tokens of sequences, found rows that are examples; put it after"
                    + " TokenEmbeddings and before the pooling");
        }
        return Layer.RowKind.TOKEN;
    }

    @Override
    public long outputSize(long inputSize) {
        inputs.forEach(input -> input.outputSize(inputSize));
        return output.outputSize();
    }

    @Override
    public SelfAttention with(UnaryOperator<WeightedLayer> weights) {
        Builder copy = new Builder(path, heads, keyValueHeads, headSize);
        copy.inputs =
                inputs.stream().map(input -> (Linear) weights.apply(input)).toList();
        copy.output((Linear) weights.apply(output));
        copy.relative = relative == null ? null : relative.with(weights);
        copy.positionKey = copied(positionKey, copy.inputs, weights);
        copy.positionQuery = copied(positionQuery, copy.inputs, weights);
        copy.rotary = rotary;
        copy.queryNorm = queryNorm == null ? null : (RMSNorm) weights.apply(queryNorm);
        copy.keyNorm = keyNorm == null ? null : (RMSNorm) weights.apply(keyNorm);
        copy.causal = causal;
        copy.window = window;
        copy.scale = scale;
        copy.softcap = softcap;
        return copy.dropout(dropout, seed).build();
    }

    private @Nullable Linear copied(
            @Nullable Linear projection, List<Linear> copies, UnaryOperator<WeightedLayer> weights) {
        if (projection == null) {
            return null;
        }
        int shared = inputs.indexOf(projection);
        return shared < 0 ? (Linear) weights.apply(projection) : copies.get(shared);
    }

    @Override
    public String toString() {
        return path + (causal ? ": causal SelfAttention(" : ": SelfAttention(") + heads + " heads of " + headSize + ", "
                + keyValueHeads + " of keys and values)" + children();
    }

    /** Collects the parts of a layer. */
    public static final class Builder {
        private final String path;
        private final int heads;
        private final int keyValueHeads;
        private final int headSize;
        private List<Linear> inputs = List.of();
        private @Nullable Linear output;
        private @Nullable RotaryEmbedding rotary;
        private @Nullable RMSNorm queryNorm;
        private @Nullable RMSNorm keyNorm;
        private boolean causal;
        private int window = NO_WINDOW;
        private double scale;
        private double softcap = NO_SOFTCAP;
        private @Nullable RelativePositions relative;
        private @Nullable Linear positionKey;
        private @Nullable Linear positionQuery;
        private double dropout;
        private long seed;

        private Builder(String path, int heads, int keyValueHeads, int headSize) {
            this.path = Objects.requireNonNull(path, "path must not be null");
            if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0 || headSize < 1) {
                throw new IllegalArgumentException(path
                        + ": the heads must have a positive size, and the heads of keys and values must divide those of"
                        + " the queries, found " + heads + " heads of size " + headSize + " and " + keyValueHeads
                        + " of keys and values");
            }
            this.heads = heads;
            this.keyValueHeads = keyValueHeads;
            this.headSize = headSize;
            scale = 1 / Math.sqrt(headSize);
        }

        /**
         * Sets the layers of the queries, keys and values.
         *
         * @param query {@code [h·d, dim]}
         * @param key {@code [g·d, dim]}
         * @param value {@code [g·d, dim]}
         * @return this
         */
        public Builder inputs(Linear query, Linear key, Linear value) {
            inputs = List.of(
                    Objects.requireNonNull(query, "query must not be null"),
                    Objects.requireNonNull(key, "key must not be null"),
                    Objects.requireNonNull(value, "value must not be null"));
            return this;
        }

        /**
         * Sets one layer for queries, keys and values, as GPT-2's {@code c_attn}.
         *
         * @param all {@code [(h + 2g)·d, dim]}: the rows of the queries, then of the keys, then of the values
         * @return this
         */
        public Builder input(Linear all) {
            inputs = List.of(all);
            return this;
        }

        /**
         * Sets the layer that combines the heads.
         *
         * @param output {@code [dim, h·d]}
         * @return this
         */
        public Builder output(Linear output) {
            this.output = Objects.requireNonNull(output, "output must not be null");
            return this;
        }

        /**
         * Lets each token see only the tokens up to its own. The default is that it sees all tokens of its sequence.
         *
         * @return this
         */
        public Builder causal() {
            causal = true;
            return this;
        }

        /**
         * Lets each token see only those near it. The default is that it sees all. Time and memory, that of a generation's keys
         * and values too, grow with the window then, not with the sequence.
         *
         * <p>In an encoder, such as ModernBERT, it sees those whose positions differ from its own by at most the window. In a
         * causal attention, such as Gemma's, it sees itself and as many tokens before it that are not masked, whatever their
         * positions; so a {@code sliding_window} w of Hugging Face is a window of w − 1.
         *
         * @param largest the largest difference, at least 0
         * @return this
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder window(int largest) {
            if (largest < 0) {
                throw new IllegalArgumentException(path + ": the window must be at least 0 tokens, found " + largest);
            }
            window = largest;
            return this;
        }

        /**
         * Sets the factor of the scores. The default is {@code 1/√d}; Gemma has {@code 1/√query_pre_attn_scalar}.
         *
         * @param factor s, positive
         * @return this
         * @throws IllegalArgumentException if the factor is not positive and finite
         */
        public Builder scale(double factor) {
            if (!(factor > 0) || !Double.isFinite(factor)) {
                throw new IllegalArgumentException(path + ": the scale must be positive, found " + factor);
            }
            scale = factor;
            return this;
        }

        /**
         * Bounds the scores: {@code c·tanh(score/c)} takes the place of each, as in Gemma 2
         * (<a href="https://arxiv.org/abs/2408.00118">arXiv:2408.00118</a>). The default is no bound.
         *
         * @param bound c, positive; {@link #NO_SOFTCAP} for none
         * @return this
         * @throws IllegalArgumentException if the bound is not positive
         */
        public Builder softcap(double bound) {
            if (!(bound > 0)) {
                throw new IllegalArgumentException(path + ": the softcap must be positive, found " + bound);
            }
            softcap = bound;
            return this;
        }

        /**
         * Sets the rotation of queries and keys. The default is none.
         *
         * @param rotary a rotation of d numbers, or of the first ones; the others stay as they are
         * @return this
         */
        public Builder rotary(RotaryEmbedding rotary) {
            this.rotary = Objects.requireNonNull(rotary, "rotary must not be null");
            return this;
        }

        /**
         * Sets the normalizations of each head of the queries and the keys, before the rotation. The default is none.
         *
         * @param query {@code [d]}
         * @param key {@code [d]}
         * @return this
         */
        public Builder norms(RMSNorm query, RMSNorm key) {
            queryNorm = Objects.requireNonNull(query, "query must not be null");
            keyNorm = Objects.requireNonNull(key, "key must not be null");
            return this;
        }

        /**
         * Adds a number to each score, by the difference of the positions and the head: the {@code relative_attention_bias} of T5
         * and MPNet. The default is none.
         *
         * @param positions a table {@code [rows, h]}
         * @return this
         */
        public Builder relativeBias(RelativePositions positions) {
            relative = Objects.requireNonNull(positions, "positions must not be null");
            return this;
        }

        /**
         * Adds {@code s·qᵢ·K[row(i − j)]} to the score of the i-th query and the j-th key, with keys K of the differences of
         * positions: DeBERTa's {@code c2p}. The default is none.
         *
         * @param positions a table {@code [rows, dim]}, the same as that of {@link #relativeQueries}
         * @param projection makes the keys, {@code [h·d, dim]}; the key layer of {@link #inputs}, or another one
         * @return this
         */
        public Builder relativeKeys(RelativePositions positions, Linear projection) {
            positionKey = Objects.requireNonNull(projection, "projection must not be null");
            return relativeBias(positions);
        }

        /**
         * Adds {@code s·kⱼ·Q[row(i − j)]} to the score of the i-th query and the j-th key, with queries Q of the differences of
         * positions: DeBERTa's {@code p2c}. The default is none.
         *
         * @param positions a table {@code [rows, dim]}, the same as that of {@link #relativeKeys}
         * @param projection makes the queries, {@code [h·d, dim]}; the query layer of {@link #inputs}, or another one
         * @return this
         */
        public Builder relativeQueries(RelativePositions positions, Linear projection) {
            positionQuery = Objects.requireNonNull(projection, "projection must not be null");
            return relativeBias(positions);
        }

        /**
         * Sets the dropout of the attention weights in training. The default is none.
         *
         * @param probability at least 0 and below 1
         * @param dropoutSeed the seed of the random numbers
         * @return this
         * @throws IllegalArgumentException if the probability is outside its range
         */
        public Builder dropout(double probability, long dropoutSeed) {
            dropout = new Dropout(path, probability, dropoutSeed).probability();
            seed = dropoutSeed;
            return this;
        }

        /**
         * Creates the layer.
         *
         * @return the layer
         * @throws IllegalArgumentException if the sizes do not fit together
         * @throws IllegalStateException if the inputs or the output are missing
         */
        public SelfAttention build() {
            return new SelfAttention(checked());
        }

        private Builder checked() {
            Linear combines = output;
            if (inputs.isEmpty() || combines == null) {
                throw new IllegalStateException(path + ": an attention needs its inputs and its output");
            }
            long all = (long) heads * headSize;
            long grouped = (long) keyValueHeads * headSize;
            if (inputs.size() == 1) {
                requireOutputs(inputs.get(0), all + 2 * grouped);
            } else {
                requireOutputs(inputs.get(0), all);
                requireOutputs(inputs.get(1), grouped);
                requireOutputs(inputs.get(2), grouped);
            }
            for (Linear input : inputs) {
                if (input.inputSize() != inputs.get(0).inputSize()) {
                    throw new IllegalArgumentException(input.path() + ": must have the "
                            + inputs.get(0).inputSize() + " inputs of "
                            + inputs.get(0).path() + ", found " + input.inputSize());
                }
            }
            if (combines.inputSize() != all) {
                throw new IllegalArgumentException(combines.path() + ": must have an input for each of the " + heads
                        + " · " + headSize + " numbers of the heads, found " + combines.inputSize());
            }
            if (rotary != null && rotary.dimensions() > headSize) {
                throw new IllegalArgumentException(path + ": the rotation must be that of heads of size " + headSize
                        + " or of a part of them, found " + rotary.dimensions());
            }
            requireHead(queryNorm);
            requireHead(keyNorm);
            requireRelative();
            return this;
        }

        private void requireRelative() {
            if (relative == null) {
                return;
            }
            if (causal || window != NO_WINDOW || heads != keyValueHeads || inputs.size() == 1) {
                throw new IllegalArgumentException(path + ": an attention with differences of positions must be one in"
                        + " which all tokens see each other, with a layer and a head of queries for each of the keys");
            }
            Embedding table = relative.table();
            if (positionKey == null && positionQuery == null && table.outputSize() != heads) {
                throw new IllegalArgumentException(table.path() + ": must have a column for each of the " + heads
                        + " heads, found " + table.outputSize());
            }
            for (Linear projection : new Linear[] {positionKey, positionQuery}) {
                if (projection != null) {
                    requireOutputs(projection, (long) heads * headSize);
                    projection.outputSize(table.outputSize());
                }
            }
        }

        private static void requireOutputs(Linear linear, long expected) {
            if (linear.outputSize() != expected) {
                throw new IllegalArgumentException(linear.path() + ": must have " + expected
                        + " outputs by the number and the size of the heads, found " + linear.outputSize());
            }
        }

        private void requireHead(@Nullable RMSNorm norm) {
            if (norm != null) {
                ParameterArrays.requireWidth(norm.path(), norm.weight().length(), headSize);
            }
        }
    }
}
