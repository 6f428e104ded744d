package org.lora4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The input layer of a transformer: {@code y = norm(word[id] + position[p] + type[t])} for each token, BERT's
 * {@code embeddings}. A network that starts with it takes {@link Sequences}.
 */
public final class TokenEmbeddings implements Layer {
    private final String path;
    private final Embedding word;
    private final Embedding position;
    private final @Nullable Embedding type;
    private final LayerNorm norm;
    private final int firstPosition;

    /**
     * Creates a layer.
     *
     * @param path the module path
     * @param word the vectors of the tokens {@code [vocab, dim]}
     * @param position the vectors of the positions {@code [positions, dim]}
     * @param type the vectors of the token types {@code [types, dim]}, or null for none
     * @param norm the normalization of the sum
     * @param firstPosition the row of {@code position} for the first token of a sequence; 0 in BERT
     * @throws IllegalArgumentException if the widths differ, or there is no position left
     */
    public TokenEmbeddings(
            String path,
            Embedding word,
            Embedding position,
            @Nullable Embedding type,
            LayerNorm norm,
            int firstPosition) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.word = Objects.requireNonNull(word, "word must not be null");
        this.position = Objects.requireNonNull(position, "position must not be null");
        this.type = type;
        this.norm = Objects.requireNonNull(norm, "norm must not be null");
        this.firstPosition = firstPosition;
        for (Embedding table : tables()) {
            if (table.outputSize() != word.outputSize() || table.dataType() != word.dataType()) {
                throw new IllegalArgumentException(table.path() + ": must have the width " + word.outputSize()
                        + " and the type " + word.dataType() + " of " + word.path() + ", found " + table.outputSize()
                        + " and " + table.dataType());
            }
        }
        norm.outputSize(word.outputSize());
        if (firstPosition < 0 || firstPosition >= position.weight().size(0)) {
            throw new IllegalArgumentException(path + ": the first position must be one of the "
                    + position.weight().size(0) + " positions, found " + firstPosition);
        }
    }

    @Override
    public String path() {
        return path;
    }

    /**
     * Returns the vectors of the tokens.
     *
     * @return {@code [vocab, dim]}
     */
    public Embedding word() {
        return word;
    }

    /**
     * Returns the vectors of the positions.
     *
     * @return {@code [positions, dim]}
     */
    public Embedding position() {
        return position;
    }

    /**
     * Returns the vectors of the token types.
     *
     * @return {@code [types, dim]}, or null for none
     */
    public @Nullable Embedding type() {
        return type;
    }

    /**
     * Returns the normalization of the sum.
     *
     * @return the layer
     */
    public LayerNorm norm() {
        return norm;
    }

    /**
     * Returns the row of the positions for the first token of a sequence.
     *
     * @return 0 in BERT, the padding token plus 1 in RoBERTa
     */
    public int firstPosition() {
        return firstPosition;
    }

    /**
     * Returns the longest sequence that fits.
     *
     * @return the number of tokens
     */
    public int maxLength() {
        return Math.toIntExact(position.weight().size(0)) - firstPosition;
    }

    /**
     * Returns the tables.
     *
     * @return words, positions and, if there are any, types
     */
    public List<Embedding> tables() {
        return type == null ? List.of(word, position) : List.of(word, position, type);
    }

    @Override
    public List<Layer> children() {
        List<Layer> all = new ArrayList<>(tables());
        all.add(norm);
        return all;
    }

    @Override
    public RowKind outputRows(RowKind inputRows) {
        throw new IllegalArgumentException(path
                + ": TokenEmbeddings must be the first layer of a network, found it after or inside another layer");
    }

    @Override
    public long outputSize(long inputSize) {
        throw new IllegalArgumentException(path + ": must be the first layer of a network, found a layer before it");
    }

    @Override
    public TokenEmbeddings with(UnaryOperator<WeightedLayer> weights) {
        return new TokenEmbeddings(
                path,
                (Embedding) weights.apply(word),
                (Embedding) weights.apply(position),
                type == null ? null : (Embedding) weights.apply(type),
                (LayerNorm) weights.apply(norm),
                firstPosition);
    }

    @Override
    public String toString() {
        return path + ": TokenEmbeddings" + children();
    }
}
