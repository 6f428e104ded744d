package org.lora4j.nn.input;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A batch of token sequences: the input of a transformer. The tokens of all sequences lie one after the other without
 * padding, so a short sequence beside a long one costs nothing.
 *
 * <p>A masked token takes no part and is left out; the positions of the others do not shift, and {@link #positionsWithout} gives
 * those of models that do not count padding. Only a masked token at the very
 * start of a sequence is kept as a row, because poolers read the first row; it is no key of the attention and no part of a
 * mean. Immutable.
 */
public final class Sequences implements Input {
    private final int[] ids;
    private final int[] types;
    private final int[] positions;
    private final int[] starts;
    private final boolean[] masksFirst;

    /** How many tokens at the start of each sequence are a prompt. */
    private final int[] prompts;

    /** The tokens of each sequence up to its last real one, with those that are left out. */
    private final int[][] given;

    private final int width;

    /** Takes what {@link SequencesBuilder} has collected. */
    Sequences(int[] ids, int[] types, int[] positions, int[] starts, boolean[] masksFirst, int[][] given, int width) {
        this(ids, types, positions, starts, masksFirst, new int[masksFirst.length], given, width);
    }

    private Sequences(
            int[] ids,
            int[] types,
            int[] positions,
            int[] starts,
            boolean[] masksFirst,
            int[] prompts,
            int[][] given,
            int width) {
        this.prompts = prompts;
        this.ids = ids;
        this.types = types;
        this.positions = positions;
        this.starts = starts;
        this.masksFirst = masksFirst;
        this.given = given;
        this.width = width;
    }

    /**
     * Creates a batch of sequences of their own lengths, with token type 0.
     *
     * @param ids the tokens of each sequence
     * @return the batch
     * @throws IllegalArgumentException if there is no sequence, one is empty or a token is negative
     * @throws NullPointerException if a sequence is null; the message names it
     */
    public static Sequences of(int[]... ids) {
        Objects.requireNonNull(ids, "ids must not be null");
        return of(ids, null, null);
    }

    /**
     * Creates a batch of sequences, with a mask and token types.
     *
     * @param ids the tokens of each sequence; the lengths can differ
     * @param mask 1 for each real token and 0 for padding, in the lengths of {@code ids}; null if all are real
     * @param types the type of each token, in the lengths of {@code ids}; null for type 0
     * @return the batch
     * @throws IllegalArgumentException if there is no sequence, one has no real token, the lengths differ, a mask is neither
     *     0 nor 1, or a token or a type is negative
     * @throws NullPointerException if a sequence, a mask or types are null; the message names the sequence
     */
    public static Sequences of(int[][] ids, int @Nullable [][] mask, int @Nullable [][] types) {
        Objects.requireNonNull(ids, "ids must not be null");
        if (ids.length == 0) {
            throw new IllegalArgumentException("sequences: there must be at least one, found none");
        }
        for (int i = 0; i < ids.length; i++) {
            requireValues("tokens", ids[i], i);
        }
        requireLengths("mask", ids, mask);
        requireLengths("types", ids, types);
        return new SequencesBuilder(ids, mask, types).build();
    }

    /**
     * Creates the tokens that continue sequences, of which the tokens before are known elsewhere; not part of the API.
     *
     * @param ids the next tokens of each sequence, at least one
     * @param positions the position of the first of them in each sequence
     * @return the batch
     * @hidden
     */
    public static Sequences continuing(int[][] ids, int[] positions) {
        Sequences start = of(ids);
        int[] moved = start.positions.clone();
        for (int i = 0; i < ids.length; i++) {
            for (int row = start.starts[i]; row < start.starts[i + 1]; row++) {
                moved[row] += positions[i];
            }
        }
        return new Sequences(start.ids, start.types, moved, start.starts, start.masksFirst, start.given, start.width);
    }

    /**
     * Returns the same batch, in which the first tokens of each sequence are a prompt. A pooling can leave them out, see
     * {@link org.lora4j.nn.layer.Pooling}; all else computes as before.
     *
     * @param tokens how many tokens at the start of each sequence are a prompt; a shorter sequence is a prompt as a whole
     * @return a batch that shares the arrays
     * @throws IllegalArgumentException if the number is negative
     */
    public Sequences withPrompt(int tokens) {
        if (tokens < 0) {
            throw new IllegalArgumentException("sequences: a prompt must have at least 0 tokens, found " + tokens);
        }
        int[] same = new int[count()];
        Arrays.setAll(same, i -> Math.min(tokens, length(i) - masked(i)));
        return new Sequences(ids, types, positions, starts, masksFirst, same, given, width);
    }

    /**
     * Returns the same batch, in which the first tokens of each sequence are a prompt, of a length of its own. What follows is
     * its answer, for {@link org.lora4j.train.PreferenceLoss}; {@link #withPrompt} has the same length for all.
     *
     * @param tokens how many tokens at the start of each sequence are a prompt
     * @return a batch that shares the arrays
     * @throws IllegalArgumentException if there is not one number for each sequence, or one is negative or greater than the
     *     number of tokens of its sequence
     */
    public Sequences withPrompts(int... tokens) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        if (tokens.length != count()) {
            throw new IllegalArgumentException("sequences: there must be a prompt for each of the " + count()
                    + " sequences, found " + tokens.length);
        }
        for (int i = 0; i < tokens.length; i++) {
            int most = length(i) - masked(i);
            if (tokens[i] < 0 || tokens[i] > most) {
                throw new IllegalArgumentException("sequences: the prompt of sequence " + i + " must have 0 to its "
                        + most + " tokens, found " + tokens[i]);
            }
        }
        return new Sequences(ids, types, positions, starts, masksFirst, tokens.clone(), given, width);
    }

    private static void requireValues(String what, int @Nullable [] values, int sequence) {
        Objects.requireNonNull(
                values, () -> "sequences: the " + what + " must not be null, found null for sequence " + sequence);
    }

    private static void requireLengths(String what, int[][] ids, int @Nullable [][] other) {
        if (other == null) {
            return;
        }
        if (other.length != ids.length) {
            throw new IllegalArgumentException("sequences: the " + what + " must be given for each of the " + ids.length
                    + " sequences, found " + other.length);
        }
        for (int i = 0; i < ids.length; i++) {
            requireValues(what, other[i], i);
            if (other[i].length != ids[i].length) {
                throw new IllegalArgumentException("sequences: the " + what + " of sequence " + i + " must have its "
                        + ids[i].length + " values, found " + other[i].length);
            }
        }
    }

    /**
     * Creates a batch from matrices, as ND4J's data sets hold them.
     *
     * @param ids the tokens {@code [n, t]}: integers, or whole numbers as floats
     * @param mask 1 for each real token and 0 for padding {@code [n, t]}; null if all are real
     * @param types the types of the tokens {@code [n, t]}; null for type 0
     * @return the batch
     * @throws IllegalArgumentException if a shape does not fit, a number is not whole, or as in
     *     {@link #of(int[][], int[][], int[][])}
     */
    public static Sequences of(INDArray ids, @Nullable INDArray mask, @Nullable INDArray types) {
        Objects.requireNonNull(ids, "ids must not be null");
        return of(
                ints("ids", ids),
                mask == null ? null : ints("mask", mask),
                types == null ? null : ints("types", types));
    }

    private static int[][] ints(String what, INDArray array) {
        if (array.rank() != 2 || array.isEmpty()) {
            throw new IllegalArgumentException(
                    "sequences: the " + what + " must be a matrix [n, t], found " + ArrayBits.describe(array));
        }
        double[] values = array.dup('c').data().asDouble();
        int rows = Math.toIntExact(array.size(0));
        int columns = Math.toIntExact(array.size(1));
        int[][] result = new int[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double value = values[i * columns + j];
                if (value != (int) value) {
                    throw new IllegalArgumentException("sequences: the " + what
                            + " must be whole numbers below 2^31, found " + value + " at [" + i + ", " + j + "]");
                }
                result[i][j] = (int) value;
            }
        }
        return result;
    }

    /**
     * Puts batches one after the other.
     *
     * @param parts the batches, at least one
     * @return one batch with all sequences
     * @throws IllegalArgumentException if there is none
     * @throws NullPointerException if a part is null; the message names it
     */
    public static Sequences concat(List<Sequences> parts) {
        Objects.requireNonNull(parts, "parts must not be null");
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("sequences: there must be at least one part, found none");
        }
        for (int i = 0; i < parts.size(); i++) {
            int part = i;
            Objects.requireNonNull(
                    parts.get(i), () -> "sequences: the parts must not be null, found null for part " + part);
        }
        if (parts.size() == 1) {
            return parts.get(0);
        }
        int tokens = parts.stream().mapToInt(Sequences::tokens).sum();
        int count = parts.stream().mapToInt(Sequences::count).sum();
        int[] ids = new int[tokens];
        int[] types = new int[tokens];
        int[] positions = new int[tokens];
        int[] starts = new int[count + 1];
        boolean[] masksFirst = new boolean[count];
        int[] prompts = new int[count];
        int[][] given = new int[count][];
        int token = 0;
        int sequence = 0;
        int width = 0;
        for (Sequences part : parts) {
            System.arraycopy(part.ids, 0, ids, token, part.tokens());
            System.arraycopy(part.types, 0, types, token, part.tokens());
            System.arraycopy(part.positions, 0, positions, token, part.tokens());
            System.arraycopy(part.masksFirst, 0, masksFirst, sequence, part.count());
            System.arraycopy(part.prompts, 0, prompts, sequence, part.count());
            System.arraycopy(part.given, 0, given, sequence, part.count());
            for (int i = 0; i < part.count(); i++) {
                starts[sequence + i] = token + part.starts[i];
            }
            token += part.tokens();
            sequence += part.count();
            width = Math.max(width, part.width);
        }
        starts[count] = tokens;
        return new Sequences(ids, types, positions, starts, masksFirst, prompts, given, width);
    }

    /**
     * Returns some of the sequences.
     *
     * @param from the first
     * @param to the one after the last
     * @return a batch of {@code to − from} sequences
     * @throws IllegalArgumentException if there is none between them
     */
    public Sequences part(int from, int to) {
        if (from < 0 || to > count() || from >= to) {
            throw new IllegalArgumentException("sequences: a part must have at least one of the " + count()
                    + " sequences, found those from " + from + " to " + to);
        }
        int[] partStarts = Arrays.copyOfRange(starts, from, to + 1);
        int begin = partStarts[0];
        for (int i = 0; i < partStarts.length; i++) {
            partStarts[i] -= begin;
        }
        return new Sequences(
                Arrays.copyOfRange(ids, begin, starts[to]),
                Arrays.copyOfRange(types, begin, starts[to]),
                Arrays.copyOfRange(positions, begin, starts[to]),
                partStarts,
                Arrays.copyOfRange(masksFirst, from, to),
                Arrays.copyOfRange(prompts, from, to),
                Arrays.copyOfRange(given, from, to),
                width);
    }

    /**
     * Returns the number of sequences.
     *
     * @return n, at least 1
     */
    @Override
    public int count() {
        return masksFirst.length;
    }

    /**
     * Returns the number of tokens of all sequences together.
     *
     * @return the number of rows that a transformer computes
     */
    public int tokens() {
        return ids.length;
    }

    /**
     * Returns the row of the first token of a sequence.
     *
     * @param sequence the sequence; the number of sequences stands for the end
     * @return the row
     */
    public int start(int sequence) {
        return starts[sequence];
    }

    /**
     * Returns the number of rows of a sequence.
     *
     * @param sequence the sequence
     * @return at least 1
     */
    public int length(int sequence) {
        return starts[sequence + 1] - starts[sequence];
    }

    /**
     * Returns how many rows at the start of a sequence are masked.
     *
     * @param sequence the sequence
     * @return 1 if its first token is masked, else 0
     */
    public int masked(int sequence) {
        return masksFirst[sequence] ? 1 : 0;
    }

    /**
     * Returns how many tokens at the start of a sequence are a prompt, without a masked one before them.
     *
     * @param sequence the sequence
     * @return the number that {@link #withPrompt} or {@link #withPrompts} got, or 0
     */
    public int prompt(int sequence) {
        return prompts[sequence];
    }

    /**
     * Returns the token of a row.
     *
     * @param row the row
     * @return the token
     */
    public int id(int row) {
        return ids[row];
    }

    /**
     * Returns the type of the token of a row.
     *
     * @param row the row
     * @return the type
     */
    public int type(int row) {
        return types[row];
    }

    /**
     * Returns the position of the token of a row in its sequence.
     *
     * @param row the row
     * @return the position from 0; masked tokens count
     */
    public int position(int row) {
        return positions[row];
    }

    /**
     * Returns the positions of all rows, counted over the tokens that are not padding, as RoBERTa counts them. Here the token
     * itself decides what padding is, not the mask: another token that is masked counts.
     *
     * @param padding the token of padding
     * @return for each row the number of tokens before it in its sequence that are not padding; −1 if it is padding itself
     */
    public int[] positionsWithout(int padding) {
        int[] counted = new int[tokens()];
        for (int i = 0; i < count(); i++) {
            int before = 0;
            int next = 0;
            for (int row = starts[i]; row < starts[i + 1]; row++) {
                for (; next < positions[row]; next++) {
                    before += given[i][next] == padding ? 0 : 1;
                }
                counted[row] = ids[row] == padding ? -1 : before;
            }
        }
        return counted;
    }

    /**
     * Arranges the rows of the tokens as a padded batch.
     *
     * @param rows {@code [tokens, dim]}, such as the last hidden state
     * @return a new array {@code [n, t, dim]} with the longest length t, and 0 where there is no real token
     * @throws IllegalArgumentException if there is not one row for each token
     */
    public INDArray pad(INDArray rows) {
        Objects.requireNonNull(rows, "rows must not be null");
        if (rows.rank() != 2 || rows.size(0) != tokens()) {
            throw new IllegalArgumentException("pad: there must be a row for each of the " + tokens()
                    + " tokens, found " + ArrayBits.describe(rows));
        }
        INDArray padded = Nd4j.create(rows.dataType(), count(), width, rows.size(1));
        for (int i = 0; i < count(); i++) {
            for (int row = starts[i] + masked(i); row < starts[i + 1]; row++) {
                padded.put(
                        new INDArrayIndex[] {
                            NDArrayIndex.point(i), NDArrayIndex.point(positions[row]), NDArrayIndex.all()
                        },
                        rows.getRow(row));
            }
        }
        return padded;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Sequences that
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(types, that.types)
                && Arrays.equals(positions, that.positions)
                && Arrays.equals(starts, that.starts)
                && Arrays.equals(masksFirst, that.masksFirst)
                && Arrays.equals(prompts, that.prompts)
                && Arrays.deepEquals(given, that.given);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(starts);
    }

    @Override
    public String toString() {
        return "Sequences(" + count() + " with " + tokens() + " tokens)";
    }
}
