package org.lora4j.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the labels of a batch, then computes its loss. Not thread-safe. */
final class CheckedLoss {
    private final Loss loss;
    private final LabelCheck labelCheck = new LabelCheck();

    CheckedLoss(Loss loss) {
        this.loss = loss;
    }

    /** Whether only some rows have a part in the loss, each with a token to predict, so that a head can compute them in blocks. */
    boolean isOfTokens() {
        return loss == NextToken.INSTANCE || isOfAnswers();
    }

    /** Whether all tokens of several sequences together give the loss. */
    boolean isOfAnswers() {
        return loss instanceof PreferenceLoss;
    }

    /**
     * Computes a loss of tokens and, in a training, its gradient.
     *
     * @param vocabulary the number of tokens
     */
    BatchLoss.Value ofTokens(TokenLogits logits, Input input, @Nullable INDArray labels, long vocabulary) {
        if (loss instanceof PreferenceLoss ofAnswers) {
            return ofAnswers.compute(logits, input, labels);
        }
        INDArray targets = targets(NextToken.INSTANCE, input, labels, vocabulary);
        return new BatchLoss.Value(NextToken.compute(logits, targets), TargetLoss.count(targets), targets);
    }

    private static INDArray targets(TargetLoss loss, Input input, @Nullable INDArray labels, long columns) {
        INDArray targets = loss.targets(input, labels);
        loss.requireBelow(targets, columns);
        return targets;
    }

    /**
     * Returns what the loss compares the outputs with: the labels, the tokens or classes that the rows are to predict, or the
     * outputs themselves if it uses no labels.
     */
    INDArray expected(Input input, INDArray output, @Nullable INDArray labels) {
        if (loss instanceof TargetLoss ofTargets) {
            return targets(ofTargets, input, labels, output.size(1));
        }
        if (loss instanceof InBatchNegatives) {
            return InBatchNegatives.expected(output, labels);
        }
        if (!loss.usesLabels()) {
            return output;
        }
        if (labels == null || !Arrays.equals(labels.shape(), output.shape())) {
            throw new IllegalArgumentException(
                    "labels: must have the shape of the output, " + Arrays.toString(output.shape()) + ", found "
                            + (labels == null ? "none" : Arrays.toString(labels.shape())));
        }
        labelCheck.require(labels, loss);
        return labels;
    }

    /**
     * Returns the weight of a batch in a mean over several batches.
     *
     * @param expected what {@link #expected} returned
     * @return the number of rows, or of the labels that count
     */
    long weight(INDArray output, INDArray expected) {
        return loss instanceof TargetLoss ? TargetLoss.count(expected) : output.size(0);
    }

    /**
     * Computes the loss of a batch.
     *
     * @param expected what {@link #expected} returned
     * @param gradient gets {@code ∂L/∂output}
     */
    double compute(INDArray output, INDArray expected, INDArray gradient) {
        return loss.compute(output, expected, gradient);
    }
}
