package org.lora4j.adapter;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Rows that replace those of some tokens in an embedding {@code W [vocab, dim]}: the effective row of the token
 * {@code tokens[k]} is {@code rows[k]}, and all others are those of W.
 *
 * <p>Two instances are equal if they have the same tokens and their rows hold the same bits.
 *
 * @param tokens the tokens, which differ
 * @param rows their rows {@code [n, dim]}
 */
public record TokenRows(List<Integer> tokens, INDArray rows) {
    /**
     * Checks the arguments.
     *
     * @param tokens the tokens
     * @param rows their rows
     * @throws IllegalArgumentException if there is no token, one is negative or there twice, or there is not one row for each
     */
    public TokenRows {
        Objects.requireNonNull(tokens, "tokens must not be null");
        Objects.requireNonNull(rows, "rows must not be null");
        tokens = new TrainableTokens(tokens, Map.of()).ofInput();
        if (tokens.isEmpty() || rows.rank() != 2 || rows.size(0) != tokens.size()) {
            throw new IllegalArgumentException(
                    "token rows must be a matrix with one row for each of at least one token," + " found "
                            + Arrays.toString(rows.shape()) + " for " + tokens.size() + " tokens");
        }
    }

    /** The rows of an embedding as they are, in a new array. */
    static TokenRows of(List<Integer> tokens, INDArray weight) {
        return new TokenRows(
                tokens,
                Nd4j.pullRows(
                        weight, 1, tokens.stream().mapToInt(Integer::intValue).toArray(), 'c'));
    }

    /**
     * Returns the rows in a type.
     *
     * @param type FLOAT or DOUBLE
     * @return these rows, or a copy
     */
    public TokenRows castTo(DataType type) {
        return new TokenRows(tokens, rows.castTo(type));
    }

    /**
     * Computes the update of the weight: {@code rows[k] − W[tokens[k]]} in the row of each token, and 0 elsewhere.
     *
     * @param weight the original {@code W [vocab, dim]}; not written to
     * @return ΔW, a new array of the shape and type of W
     */
    public INDArray delta(INDArray weight) {
        INDArray delta = Nd4j.zeros(weight.dataType(), weight.shape());
        INDArray cast = rows.castTo(weight.dataType());
        for (int k = 0; k < tokens.size(); k++) {
            delta.putRow(tokens.get(k), cast.getRow(k).sub(weight.getRow(tokens.get(k))));
        }
        return delta;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TokenRows that && tokens.equals(that.tokens) && ArrayBits.equal(rows, that.rows);
    }

    @Override
    public int hashCode() {
        return Objects.hash(tokens, ArrayBits.hash(rows));
    }

    @Override
    public String toString() {
        return "TokenRows[" + tokens.size() + " tokens, " + ArrayBits.describe(rows) + "]";
    }
}
