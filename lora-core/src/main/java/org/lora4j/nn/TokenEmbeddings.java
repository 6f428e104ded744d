package org.lora4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The input layer of a transformer: {@code y = norm(word[id] + position[p] + type[t])} for each token, BERT's
 * {@code embeddings}. A network that starts with it takes {@link Sequences}.
 *
 * <p>In BERT, p is the index of the token in its sequence. If {@code position} has a padding row, as in RoBERTa, a token of
 * padding gets this row, and another token the row {@code padding + 1 + n} after n tokens that are not padding; see
 * {@link Sequences#positionsWithout}.
 */
public final class TokenEmbeddings implements Layer {
    private final String path;
    private final Embedding word;
    private final Embedding position;
    private final @Nullable Embedding type;
    private final LayerNorm norm;

    /**
     * Creates a layer.
     *
     * @param path the module path
     * @param word the vectors of the tokens {@code [vocab, dim]}
     * @param position the vectors of the positions {@code [positions, dim]}; with the padding token of {@code word} if
     *     padding has no position, or else without one
     * @param type the vectors of the token types {@code [types, dim]}, or null for none
     * @param norm the normalization of the sum
     * @throws IllegalArgumentException if the widths differ, there is no position left, or {@code position} has another
     *     padding token than {@code word}
     */
    public TokenEmbeddings(String path, Embedding word, Embedding position, @Nullable Embedding type, LayerNorm norm) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.word = Objects.requireNonNull(word, "word must not be null");
        this.position = Objects.requireNonNull(position, "position must not be null");
        this.type = type;
        this.norm = Objects.requireNonNull(norm, "norm must not be null");
        for (Embedding table : tables()) {
            if (table.outputSize() != word.outputSize() || table.dataType() != word.dataType()) {
                throw new IllegalArgumentException(table.path() + ": must have the width " + word.outputSize()
                        + " and the type " + word.dataType() + " of " + word.path() + ", found " + table.outputSize()
                        + " and " + table.dataType());
            }
        }
        norm.outputSize(word.outputSize());
        if (skipsPadding() && position.padding() != word.padding()) {
            throw new IllegalArgumentException(position.path() + ": must have the padding token " + word.padding()
                    + " of " + word.path() + ", or none, found " + position.padding());
        }
        if (maxLength() < 1) {
            throw new IllegalArgumentException(position.path() + ": must have more than " + firstPosition()
                    + " rows, as many are not for tokens, found "
                    + position.weight().size(0));
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
        return skipsPadding() ? position.padding() + 1 : 0;
    }

    private boolean skipsPadding() {
        return position.padding() != Embedding.NO_PADDING;
    }

    /**
     * Returns the row of the positions for each token.
     *
     * @param x the sequences
     * @return a row for each token; it is outside the table if a sequence is too long
     */
    public int[] positions(Sequences x) {
        int[] rows = skipsPadding() ? x.positionsWithout(position.padding()) : new int[x.tokens()];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = skipsPadding() ? rows[row] + firstPosition() : x.position(row);
        }
        return rows;
    }

    /**
     * Returns the longest sequence that fits.
     *
     * @return the number of tokens
     */
    public int maxLength() {
        return Math.toIntExact(position.weight().size(0)) - firstPosition();
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
                (LayerNorm) weights.apply(norm));
    }

    @Override
    public String toString() {
        return path + ": TokenEmbeddings" + children();
    }
}
