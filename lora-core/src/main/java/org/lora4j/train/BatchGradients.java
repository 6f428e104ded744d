package org.lora4j.train;

import java.util.List;
import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes the loss and the gradients of batches, or of parts of them, and changes no parameter. A {@link Source}
 * that spreads batches over several machines computes each part with this class.
 *
 * <pre>{@code
 * BatchGradients gradients = new BatchGradients(view, Loss.softmaxCrossEntropy());
 * double loss = gradients.compute(part, 17, 32, 0);    // rows 32, 33, … of the batch 17
 * List<INDArray> means = gradients.gradients();        // over the rows of this part
 * }</pre>
 *
 * <p>The parts of a batch together give what the whole batch gives: the mean of their losses and gradients, each with its
 * {@link #weight}, is that of the batch. Dropout drops the same elements.
 *
 * <p>The trainable parameters are those at the creation. Not thread-safe; several instances can share a model.
 */
public final class BatchGradients {
    private final CheckedLoss loss;
    private final Pass pass;
    private final List<Parameter> parameters;
    private final BatchLoss losses;
    private long weight;

    /**
     * Creates an instance with buffers of its own.
     *
     * @param model the model
     * @param loss the loss
     * @throws IllegalStateException if no parameter is trainable, or it is not clear which adapter to train
     */
    public BatchGradients(Model model, Loss loss) {
        Objects.requireNonNull(model, "model must not be null");
        this.loss = new CheckedLoss(Objects.requireNonNull(loss, "loss must not be null"));
        pass = new Pass(model.newTrainingSegment(), false);
        parameters = List.copyOf(pass.trainableParameters());
        if (parameters.isEmpty()) {
            throw new IllegalStateException("nothing to train: every parameter of " + model + " is frozen");
        }
        losses = BatchLoss.of(pass, model);
    }

    /**
     * Returns the parameters that have gradients.
     *
     * @return in the order of the model, which is the same for each model of the same form
     */
    public List<Parameter> parameters() {
        return parameters;
    }

    /**
     * Computes a part of a batch.
     *
     * @param part rows or sequences, and their labels
     * @param number the number of the batch in the training, from 0; it determines what dropout drops
     * @param examplesBefore the number of rows or sequences of the batch before this part; 0 for a whole batch
     * @param tokensBefore the number of the tokens of these sequences, without padding; 0 for rows
     * @return the mean loss of the part; it may be NaN or infinite
     * @throws IllegalArgumentException if the part does not fit the model, or a number is negative
     */
    public double compute(Batch part, long number, long examplesBefore, long tokensBefore) {
        Objects.requireNonNull(part, "part must not be null");
        pass.require(part.input());
        pass.segment().setStep(number);
        pass.segment().setBefore(examplesBefore, tokensBefore);
        pass.segment().resolve();
        losses.forward(Segments.of(pass.segment(), part.input()), loss.isOfTokens());
        BatchLoss.Value value = losses.compute(0, part.input(), part.labels(), loss);
        weight = value.weight();
        losses.backward();
        return value.value();
    }

    /**
     * Returns the weight of the last part in the mean of its batch.
     *
     * @return the number of its rows; with {@link Loss#nextToken} and {@link Loss#sparseSoftmaxCrossEntropy()}, that of its
     *     labels that count; with {@link PreferenceLoss}, that of its pairs
     */
    public long weight() {
        return weight;
    }

    /**
     * Returns the gradients of the last part: their means over its rows.
     *
     * @return an array for each of {@link #parameters}, in the shape of its value. They are buffers, overwritten by the next
     *     call of {@code compute}
     */
    public List<INDArray> gradients() {
        return parameters.stream().map(pass::gradient).toList();
    }

    /**
     * Computes the gradients of a training elsewhere, for example on several machines, each of which has a part of the data. The
     * {@link Trainer} leaves the forward and the backward computation to it and does everything after them as ever:
     * accumulation, clipping, the updater, listeners, validation, checkpoints and resuming.
     *
     * <pre>{@code
     * Trainer.builder(view).updater(new Adam(1e-3)).epochs(3).build().fit(source);
     * }</pre>
     *
     * <p>The source reads the parameters of the model when {@link #compute} is called. If it computes the mean gradients over
     * the rows of a batch, for example with {@link BatchGradients} for each part of it, the training ends with the same
     * parameters as one that has all rows on one machine, except for rounding. With {@code accumulate}, batches count by their
     * examples; a loss of tokens counts them by their labels on one machine, so there the batches of a step must have as many labels
     * each. All machines must then have the same model: the
     * same base, and an adapter with the same configuration and seed.
     */
    public interface Source {
        /**
         * Returns the number of batches of an epoch.
         *
         * @return the number, at least 1; always the same
         */
        int batches();

        /**
         * Returns the number of examples of a batch.
         *
         * @param batch the number of the batch in its epoch, from 0
         * @return the number of examples, at least 1; always the same for a batch
         */
        int examples(int batch);

        /**
         * Computes a batch with the parameters as they are now.
         *
         * @param number the number of batches that the training has computed before this one, over all epochs. The batch is
         *     number {@code number % batches()} of its epoch
         * @param gradients get the mean gradients over all rows of the batch: one array for each trainable parameter, in the
         *     order of {@link BatchGradients#parameters} and in the shape of its value
         * @return the mean loss over all rows of the batch. If it is not finite, the training ends with a
         *     {@link DivergedException}
         */
        double compute(long number, List<INDArray> gradients);
    }
}
