package org.lora4j.train;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Implements {@link Loss#nextToken}. */
enum NextToken implements Loss, TargetLoss {
    INSTANCE;

    /**
     * Returns for each row of a batch the token that it is to predict.
     *
     * @param input the sequences
     * @param labels a label for each token as it was given {@code [n, t]}; null for the tokens themselves
     * @throws IllegalArgumentException if the input is no sequences, the labels do not fit it, or no label counts
     */
    @Override
    public INDArray targets(Input input, @Nullable INDArray labels) {
        if (!(input instanceof Sequences sequences)) {
            throw new IllegalArgumentException(
                    "the loss of the next token needs a model that takes sequences, found " + input);
        }
        int[] targets = new int[sequences.tokens()];
        Arrays.fill(targets, IGNORED);
        int[][] given = labels == null ? null : TokenLabels.whole(sequences, labels, "a token");
        for (int s = 0; s < sequences.count(); s++) {
            // A masked token predicts nothing.
            for (int row = sequences.start(s) + sequences.masked(s); row < sequences.start(s + 1); row++) {
                if (given != null) {
                    int next = sequences.position(row) + 1;
                    targets[row] = next < given[s].length ? given[s][next] : IGNORED;
                } else if (row + 1 < sequences.start(s + 1)) {
                    targets[row] = sequences.id(row + 1);
                }
            }
        }
        if (TargetLoss.count(targets) == 0) {
            throw new IllegalArgumentException(
                    "labels: at least one token of a batch must have a label that counts, found"
                            + " none; the first token of a sequence has nothing that predicts it, and " + IGNORED
                            + " takes no part");
        }
        return Nd4j.createFromArray(targets);
    }

    @Override
    public void requireBelow(INDArray targets, long vocabulary) {
        int largest = targets.maxNumber().intValue();
        if (largest >= vocabulary) {
            throw new IllegalArgumentException("labels: each token must be below the vocabulary of " + vocabulary
                    + ", found " + largest + "; use the tokenizer of this model");
        }
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        int[] targets = TargetLoss.ofRows(output, labels);
        long count = TargetLoss.count(targets);
        return entropy(output.dataType(), targets, count).sum(output, 0, gradient) / count;
    }

    private static TokenCrossEntropy<?> entropy(DataType type, int[] targets, long count) {
        double[] weights = new double[targets.length];
        Arrays.fill(weights, 1.0 / count);
        return new TokenCrossEntropy<>(RowMath.of(type), targets).withWeights(weights);
    }

    /**
     * Computes the loss of a segment of a pass, and its gradient, of those rows whose target counts.
     *
     * @param targets what {@link #targets} returned for the segment
     */
    static double compute(TokenLogits logits, INDArray targets) {
        int[] all = targets.toIntVector();
        int[] rows = IntStream.range(0, all.length)
                .filter(row -> all[row] != IGNORED)
                .toArray();
        int[] counting = Arrays.stream(rows).map(row -> all[row]).toArray();
        TokenCrossEntropy<?> entropy = entropy(logits.dataType(), counting, rows.length);
        return logits.differentiate(rows, (output, from) -> entropy.sum(output, from, output)) / rows.length;
    }
}
