package org.lora4j.train;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes batches with a pass: the outputs, the loss of each segment, and in a training the gradients. If all losses are of
 * tokens and the model ends with a linear layer, this layer is computed only for the rows with a label that counts, in blocks.
 * The outputs of all rows are then never there together.
 */
final class BatchLoss {
    private final Pass pass;
    private final long outputSize;
    private final DataType dataType;
    private final BatchBuffer outputGradients;

    /** The outputs of the last batch; null if the head computes them in blocks. */
    private @Nullable INDArray output;

    /**
     * The loss of a segment.
     *
     * @param value the mean over its rows, its labels that count, or its pairs
     * @param weight their number
     * @param expected what the outputs were compared with
     */
    record Value(double value, long weight, INDArray expected) {
        /** What is not finite if the loss is not, but all outputs are. */
        String place() {
            return ArrayBits.isFinite(expected) ? "loss" : "labels";
        }
    }

    /**
     * Creates the computation.
     *
     * @param pass a pass of the model, or of several with one network
     * @param order the memory order of the outputs
     */
    BatchLoss(Pass pass, Model model, char order) {
        this.pass = pass;
        outputSize = model.outputSize();
        dataType = model.dataType();
        outputGradients = new BatchBuffer(dataType, outputSize, order);
    }

    /** Creates the computation of one model. */
    static BatchLoss of(Pass pass, Model model) {
        return new BatchLoss(pass, model, model.takesSequences() ? 'c' : 'f');
    }

    /**
     * Computes the outputs, or what the head needs for them.
     *
     * @param segments the segments with their input, which must be resolved
     * @param ofTokens whether the losses of all segments are of tokens
     */
    void forward(Segments segments, boolean ofTokens) {
        if (ofTokens && pass.hasHead()) {
            output = null;
            pass.forwardToHead(segments);
        } else {
            output = pass.forward(segments);
        }
    }

    /**
     * Computes the loss of a segment, and in a training its gradient.
     *
     * @param segment the number of the segment
     * @throws IllegalArgumentException if the labels do not fit
     */
    Value compute(int segment, Input input, @Nullable INDArray labels, CheckedLoss loss) {
        if (output == null || loss.isOfAnswers()) {
            return loss.ofTokens(logits(segment), input, labels, outputSize);
        }
        INDArray rows = pass.block(output, segment);
        INDArray gradient = pass.block(outputGradients.rows(output.size(0)), segment);
        INDArray expected = loss.expected(input, rows, labels);
        return new Value(loss.compute(rows, expected, gradient), loss.weight(rows, expected), expected);
    }

    /** Returns the logits of a segment, for a loss of tokens. */
    TokenLogits logits(int segment) {
        return output == null
                ? TokenLogits.ofHead(pass, segment, dataType)
                : TokenLogits.of(
                        pass.block(output, segment), pass.block(outputGradients.rows(output.size(0)), segment));
    }

    /** Computes the gradients, after the losses of all segments. */
    void backward() {
        if (output == null) {
            pass.backwardFromHead();
        } else {
            pass.backward(outputGradients.rows(output.size(0)));
        }
    }

    /** The first layer whose output is not finite for a segment; nothing if all are. */
    Optional<String> firstNonFinite(int segment) {
        return pass.firstNonFinite(segment);
    }
}
