package org.lora4j.nn;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A batch of token sequences: the input of a transformer. The tokens of all sequences lie one after the other without
 * padding, so a short sequence beside a long one costs nothing.
 *
 * <p>A masked token takes no part and is left out; the positions of the others do not shift. Only a masked token at the very
 * start of a sequence is kept as a row, because poolers read the first row; it is no key of the attention and no part of a
 * mean. Immutable.
 */
public final class Sequences {
    private final int[] ids;
    private final int[] types;
    private final int[] positions;
    private final int[] starts;
    private final boolean[] masksFirst;
    private final int width;

    private Sequences(int[] ids, int[] types, int[] positions, int[] starts, boolean[] masksFirst, int width) {
        this.ids = ids;
        this.types = types;
        this.positions = positions;
        this.starts = starts;
        this.masksFirst = masksFirst;
        this.width = width;
    }

    /**
     * Creates a batch of sequences of their own lengths, with token type 0.
     *
     * @param ids the tokens of each sequence
     * @return the batch
     * @throws IllegalArgumentException if there is no sequence, one is empty or a token is negative
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
     */
    public static Sequences of(int[][] ids, int @Nullable [][] mask, int @Nullable [][] types) {
        Objects.requireNonNull(ids, "ids must not be null");
        if (ids.length == 0) {
            throw new IllegalArgumentException("sequences: there must be at least one, found none");
        }
        requireLengths("mask", ids, mask);
        requireLengths("types", ids, types);
        return new Builder(ids, mask, types).build();
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
     */
    public static Sequences concat(List<Sequences> parts) {
        Objects.requireNonNull(parts, "parts must not be null");
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("sequences: there must be at least one part, found none");
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
        int token = 0;
        int sequence = 0;
        int width = 0;
        for (Sequences part : parts) {
            System.arraycopy(part.ids, 0, ids, token, part.tokens());
            System.arraycopy(part.types, 0, types, token, part.tokens());
            System.arraycopy(part.positions, 0, positions, token, part.tokens());
            System.arraycopy(part.masksFirst, 0, masksFirst, sequence, part.count());
            for (int i = 0; i < part.count(); i++) {
                starts[sequence + i] = token + part.starts[i];
            }
            token += part.tokens();
            sequence += part.count();
            width = Math.max(width, part.width);
        }
        starts[count] = tokens;
        return new Sequences(ids, types, positions, starts, masksFirst, width);
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
                width);
    }

    /**
     * Returns the number of sequences.
     *
     * @return n, at least 1
     */
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
                && Arrays.equals(masksFirst, that.masksFirst);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(starts);
    }

    @Override
    public String toString() {
        return "Sequences(" + count() + " with " + tokens() + " tokens)";
    }

    /** Leaves out the masked tokens. */
    private static final class Builder {
        private final int[][] given;
        private final int @Nullable [][] mask;
        private final int @Nullable [][] givenTypes;
        private final int[] ids;
        private final int[] types;
        private final int[] positions;
        private final int[] starts;
        private final boolean[] masksFirst;
        private int tokens;

        Builder(int[][] given, int @Nullable [][] mask, int @Nullable [][] givenTypes) {
            this.given = given;
            this.mask = mask;
            this.givenTypes = givenTypes;
            int most = Math.toIntExact(
                    Arrays.stream(given).mapToLong(ids -> ids.length).sum());
            ids = new int[most];
            types = new int[most];
            positions = new int[most];
            starts = new int[given.length + 1];
            masksFirst = new boolean[given.length];
        }

        Sequences build() {
            int width = 0;
            for (int i = 0; i < given.length; i++) {
                add(i);
                width = Math.max(width, given[i].length);
            }
            return new Sequences(
                    Arrays.copyOf(ids, tokens),
                    Arrays.copyOf(types, tokens),
                    Arrays.copyOf(positions, tokens),
                    starts,
                    masksFirst,
                    width);
        }

        private void add(int sequence) {
            starts[sequence] = tokens;
            int real = 0;
            for (int j = 0; j < given[sequence].length; j++) {
                boolean isReal = mask == null || isReal(mask[sequence][j], sequence, j);
                if (isReal) {
                    real++;
                }
                if (isReal || j == 0) {
                    add(sequence, j);
                }
                if (j == 0) {
                    masksFirst[sequence] = !isReal;
                }
            }
            if (real == 0) {
                throw new IllegalArgumentException(
                        "sequences: each must have at least one real token, found none in" + " sequence " + sequence);
            }
            starts[sequence + 1] = tokens;
        }

        private static boolean isReal(int value, int sequence, int j) {
            if (value != 0 && value != 1) {
                throw new IllegalArgumentException(
                        "sequences: the mask must be 0 or 1, found " + value + " at [" + sequence + ", " + j + "]");
            }
            return value == 1;
        }

        private void add(int sequence, int j) {
            ids[tokens] = requireNotNegative("token", given[sequence][j], sequence, j);
            types[tokens] = givenTypes == null ? 0 : requireNotNegative("type", givenTypes[sequence][j], sequence, j);
            positions[tokens] = j;
            tokens++;
        }

        private static int requireNotNegative(String what, int value, int sequence, int j) {
            if (value < 0) {
                throw new IllegalArgumentException("sequences: a " + what + " must not be negative, found " + value
                        + " at [" + sequence + ", " + j + "]");
            }
            return value;
        }
    }
}
