package org.lora4j.train;

import java.util.Arrays;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;

/** The answers of sequences: all tokens after the prompt of each, and the rows that predict them. */
final class Answers {
    private final int[] starts;
    private final int[] rows;
    private final int[] targets;

    private Answers(int[] starts, int[] rows, int[] targets) {
        this.starts = starts;
        this.rows = rows;
        this.targets = targets;
    }

    /**
     * Finds the answers.
     *
     * @throws IllegalArgumentException if the input is no sequences, or one has no prompt or no answer
     */
    static Answers of(Input input) {
        if (!(input instanceof Sequences sequences)) {
            throw new IllegalArgumentException(
                    "log probabilities of answers need a model that takes sequences, found " + input);
        }
        int[] starts = new int[sequences.count() + 1];
        int[] rows = new int[sequences.tokens()];
        int[] targets = new int[sequences.tokens()];
        int found = 0;
        for (int i = 0; i < sequences.count(); i++) {
            int first = sequences.start(i) + sequences.masked(i) + sequences.prompt(i);
            int end = sequences.start(i + 1);
            if (sequences.prompt(i) == 0 || first >= end) {
                throw new IllegalArgumentException(
                        "sequences: each must have a prompt of at least one token, and an answer of at least one, found "
                                + sequences.prompt(i) + " and " + (end - first) + " in sequence " + i
                                + "; set the prompts with Sequences.withPrompts");
            }
            for (int row = first; row < end; row++) {
                rows[found] = row - 1;
                targets[found] = sequences.id(row);
                found++;
            }
            starts[i + 1] = found;
        }
        return new Answers(starts, Arrays.copyOf(rows, found), Arrays.copyOf(targets, found));
    }

    int count() {
        return starts.length - 1;
    }

    /** The number of tokens of an answer. */
    int length(int answer) {
        return starts[answer + 1] - starts[answer];
    }

    /** Creates the computation of all their tokens. */
    TokenCrossEntropy<?> entropy(TokenLogits logits) {
        return new TokenCrossEntropy<>(RowMath.of(logits.dataType()), targets);
    }

    /** Computes the log probability of each answer: the sum over its tokens. */
    double[] logProbabilities(TokenLogits logits, TokenCrossEntropy<?> entropy) {
        logits.visit(rows, (output, from) -> entropy.sum(output, from, output));
        double[] sums = new double[count()];
        for (int i = 0; i < sums.length; i++) {
            for (int k = starts[i]; k < starts[i + 1]; k++) {
                sums[i] -= entropy.losses()[k];
            }
        }
        return sums;
    }

    /**
     * Computes the gradients, after {@link #logProbabilities}.
     *
     * @param slopes the derivative of the loss with respect to the log probability of each answer
     */
    void differentiate(TokenLogits logits, TokenCrossEntropy<?> entropy, double[] slopes) {
        double[] weights = new double[targets.length];
        for (int i = 0; i < slopes.length; i++) {
            Arrays.fill(weights, starts[i], starts[i + 1], -slopes[i]);
        }
        entropy.withWeights(weights);
        logits.differentiate(rows, (output, from) -> entropy.sum(output, from, output));
    }
}
