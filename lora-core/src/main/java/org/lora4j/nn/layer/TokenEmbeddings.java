package org.lora4j.nn.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Sequences;

/**
 * The input layer of a transformer: {@code y = norm(word[id] + position[p] + type[t])} for each token, BERT's
 * {@code embeddings}. GPT-2 has neither types nor the normalization, and Llama has the words alone. A network that starts with
 * it takes {@link Sequences}.
 *
 * <p>In BERT, p is the index of the token in its sequence. If {@code position} has a padding row, as in RoBERTa, a token of
 * padding gets this row, and another token the row {@code padding + 1 + n} after n tokens that are not padding; see
 * {@link Sequences#positionsWithout}.
 */
public final class TokenEmbeddings implements Layer {
    private final String path;
    private final Embedding word;
    private final @Nullable Embedding position;
    private final @Nullable Embedding type;
    private final @Nullable LayerNorm norm;
    private final int maxLength;

    /**
     * Creates a layer with a table of positions.
     *
     * @param path the module path
     * @param word the vectors of the tokens {@code [vocab, dim]}
     * @param position the vectors of the positions {@code [positions, dim]}; with the padding token of {@code word} if
     *     padding has no position, or else without one
     * @param type the vectors of the token types {@code [types, dim]}, or null for none
     * @param norm the normalization of the sum, or null for none
     * @throws IllegalArgumentException if the widths differ, there is no position left, or {@code position} has another
     *     padding token than {@code word}
     */
    public TokenEmbeddings(
            String path, Embedding word, Embedding position, @Nullable Embedding type, @Nullable LayerNorm norm) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.word = Objects.requireNonNull(word, "word must not be null");
        this.position = Objects.requireNonNull(position, "position must not be null");
        this.type = type;
        this.norm = norm;
        requireWidths();
        if (skipsPadding() && position.padding() != word.padding()) {
            throw new IllegalArgumentException(position.path() + ": must have the padding token " + word.padding()
                    + " of " + word.path() + ", or none, found " + position.padding());
        }
        maxLength = Math.toIntExact(position.shape()[0]) - firstPosition();
        if (maxLength < 1) {
            throw new IllegalArgumentException(position.path() + ": must have more than " + firstPosition()
                    + " rows, as many are not for tokens, found "
                    + position.shape()[0]);
        }
    }

    /**
     * Creates a layer of the words alone, for models whose attention knows the positions.
     *
     * @param path the module path
     * @param word the vectors of the tokens {@code [vocab, dim]}
     * @param maxLength the longest sequence that the model computes
     * @throws IllegalArgumentException if the length is less than 1
     */
    public TokenEmbeddings(String path, Embedding word, int maxLength) {
        this(path, word, null, null, maxLength);
    }

    /**
     * Creates a layer without a table of positions, for models whose attention knows the positions.
     *
     * @param path the module path
     * @param word the vectors of the tokens {@code [vocab, dim]}
     * @param type the vectors of the token types {@code [types, dim]}, or null for none
     * @param norm the normalization of the sum, or null for none
     * @param maxLength the longest sequence that the model computes
     * @throws IllegalArgumentException if the widths differ, or the length is less than 1
     */
    public TokenEmbeddings(
            String path, Embedding word, @Nullable Embedding type, @Nullable LayerNorm norm, int maxLength) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.word = Objects.requireNonNull(word, "word must not be null");
        position = null;
        this.type = type;
        this.norm = norm;
        this.maxLength = maxLength;
        requireWidths();
        if (maxLength < 1) {
            throw new IllegalArgumentException(
                    path + ": the longest sequence must have at least 1 token, found " + maxLength);
        }
    }

    private void requireWidths() {
        for (Embedding table : tables()) {
            if (table.outputSize() != word.outputSize() || table.dataType() != word.dataType()) {
                throw new IllegalArgumentException(table.path() + ": must have the width " + word.outputSize()
                        + " and the type " + word.dataType() + " of " + word.path() + ", found " + table.outputSize()
                        + " and " + table.dataType());
            }
        }
        if (norm != null) {
            norm.outputSize(word.outputSize());
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
     * @return {@code [positions, dim]}, or null for none
     */
    public @Nullable Embedding position() {
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
     * @return the layer, or null for none
     */
    public @Nullable LayerNorm norm() {
        return norm;
    }

    /**
     * Returns the row of the positions for the first token of a sequence.
     *
     * @return 0 in BERT, the padding token plus 1 in RoBERTa
     */
    public int firstPosition() {
        return padding() + 1;
    }

    private boolean skipsPadding() {
        return padding() != Embedding.NO_PADDING;
    }

    /** The token that has no position; {@link Embedding#NO_PADDING}, which is −1, for none. */
    private int padding() {
        return position == null ? Embedding.NO_PADDING : position.padding();
    }

    /**
     * Returns the row of the positions for each token.
     *
     * @param x the sequences
     * @return a row for each token; it is outside the table if a sequence is too long. Without a table, the position
     */
    public int[] positions(Sequences x) {
        int[] rows = skipsPadding() ? x.positionsWithout(padding()) : new int[x.tokens()];
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
        return maxLength;
    }

    /**
     * Returns the tables.
     *
     * @return words, and positions and types if there are any
     */
    public List<Embedding> tables() {
        return Stream.of(word, position, type).filter(Objects::nonNull).toList();
    }

    @Override
    public List<Layer> children() {
        List<Layer> all = new ArrayList<>(tables());
        if (norm != null) {
            all.add(norm);
        }
        return all;
    }

    @Override
    public Layer.RowKind outputRows(Layer.RowKind inputRows) {
        throw new IllegalArgumentException(path
                + ": TokenEmbeddings must be the first layer of a network, found it after or inside another layer");
    }

    @Override
    public long outputSize(long inputSize) {
        throw new IllegalArgumentException(path + ": must be the first layer of a network, found a layer before it");
    }

    @Override
    public TokenEmbeddings with(UnaryOperator<WeightedLayer> weights) {
        Embedding newWord = (Embedding) weights.apply(word);
        Embedding newPosition = position == null ? null : (Embedding) weights.apply(position);
        Embedding newType = type == null ? null : (Embedding) weights.apply(type);
        LayerNorm newNorm = norm == null ? null : (LayerNorm) weights.apply(norm);
        return newPosition == null
                ? new TokenEmbeddings(path, newWord, newType, newNorm, maxLength)
                : new TokenEmbeddings(path, newWord, newPosition, newType, newNorm);
    }

    @Override
    public String toString() {
        return path + ": TokenEmbeddings" + children();
    }
}
