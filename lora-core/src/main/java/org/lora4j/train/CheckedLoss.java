package org.lora4j.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the labels of a batch, then computes its loss. Not thread-safe. */
final class CheckedLoss {
    private final Loss loss;
    private final LabelCheck labelCheck = new LabelCheck();

    CheckedLoss(Loss loss) {
        this.loss = loss;
    }

    /** Returns what the loss compares the outputs with: the labels, or the outputs themselves if it uses no labels. */
    INDArray expected(INDArray output, @Nullable INDArray labels) {
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
     * Computes the loss of a batch.
     *
     * @param expected what {@link #expected} returned
     * @param gradient gets {@code ∂L/∂output}
     */
    double compute(INDArray output, INDArray expected, INDArray gradient) {
        return loss.compute(output, expected, gradient);
    }
}
