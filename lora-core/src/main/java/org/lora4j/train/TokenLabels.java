package org.lora4j.train;

import java.util.Arrays;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Labels of the tokens of sequences, as they were given: with those of padding. */
final class TokenLabels {
    private TokenLabels() {}

    /**
     * Returns the labels as whole numbers.
     *
     * @param labels {@code [n, t]}
     * @param rule what each must be, for the message
     * @throws IllegalArgumentException if there is not one for each token, or one is no whole number
     */
    static int[][] whole(Sequences sequences, INDArray labels, String rule) {
        int longest = 0;
        for (int row = 0; row < sequences.tokens(); row++) {
            longest = Math.max(longest, sequences.position(row) + 1);
        }
        if (labels.rank() != 2 || labels.size(0) != sequences.count() || labels.size(1) < longest) {
            throw new IllegalArgumentException("labels: must be a matrix with a row for each of the "
                    + sequences.count() + " sequences and a column for each of their up to " + longest
                    + " tokens, found " + Arrays.toString(labels.shape()));
        }
        double[][] values = labels.castTo(DataType.DOUBLE).toDoubleMatrix();
        int[][] whole = new int[values.length][];
        for (int i = 0; i < values.length; i++) {
            whole[i] = new int[values[i].length];
            for (int j = 0; j < values[i].length; j++) {
                whole[i][j] = TargetLoss.whole(values[i][j], rule, place(i, j));
            }
        }
        return whole;
    }

    /**
     * Returns the label of each row of sequences.
     *
     * @return {@code [tokens]} of INT32
     * @throws IllegalArgumentException if there is not one for each token, one that counts is that of a masked token, or none counts
     */
    static INDArray targets(Sequences sequences, INDArray labels, String rule) {
        int[][] given = whole(sequences, labels, rule);
        int[] targets = new int[sequences.tokens()];
        Arrays.fill(targets, TargetLoss.IGNORED);
        for (int s = 0; s < sequences.count(); s++) {
            for (int row = sequences.start(s) + sequences.masked(s); row < sequences.start(s + 1); row++) {
                int position = sequences.position(row);
                targets[row] = given[s][position];
                given[s][position] = TargetLoss.IGNORED;
            }
            requireIgnored(given[s], s);
        }
        if (TargetLoss.count(targets) == 0) {
            throw new IllegalArgumentException(
                    "labels: at least one token of a batch must have a label that counts, found" + " none; "
                            + TargetLoss.IGNORED + " takes no part");
        }
        return Nd4j.createFromArray(targets);
    }

    /** Checks that nothing counts but the labels of tokens, which were taken out. */
    private static void requireIgnored(int[] rest, int sequence) {
        for (int j = 0; j < rest.length; j++) {
            if (rest[j] != TargetLoss.IGNORED) {
                throw new IllegalArgumentException("labels: that of a masked token or of padding must be "
                        + TargetLoss.IGNORED + ", found " + rest[j] + " at " + place(sequence, j));
            }
        }
    }

    private static String place(int row, int column) {
        return "[" + row + ", " + column + "]";
    }
}
