package org.lora4j.train;

import java.util.Objects;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lora4j.nn.Model;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * How a {@link Trainer} tests its model on other data than those it trains on: after each epoch, and at the end if the
 * training ends within an epoch. At the end the trainer restores the best parameters. If the value does not improve for some
 * epochs, the training stops early.
 *
 * <pre>{@code
 * Trainer.builder(view).epochs(20).validation(Validation.loss(heldOut).withPatience(3))
 * Trainer.builder(view).epochs(20).validation(Validation.score(model -> Evaluator.evaluate(model, heldOut).accuracy()))
 * }</pre>
 *
 * <p>A value that is NaN is never the best. The trainer keeps a copy of all trainable parameters. A checkpoint contains it
 * too, so a resumed training gives the same result. If a training diverges, it restores the best parameters if there are
 * any, unless {@link Trainer.Builder#restoreOnDivergence} is off. To store the best adapter during the training, save it in
 * {@link TrainingListener#onValidation}.
 */
public final class Validation {
    private final Function<TrainingSettings, DoubleSupplier> measure;
    private final boolean greaterIsBetter;
    private final int patience;
    private final boolean testsStart;

    private Validation(
            Function<TrainingSettings, DoubleSupplier> measure,
            boolean greaterIsBetter,
            int patience,
            boolean testsStart) {
        this.measure = measure;
        this.greaterIsBetter = greaterIsBetter;
        this.patience = patience;
        this.testsStart = testsStart;
    }

    private static Validation lossOf(Function<Model, BatchSource> data) {
        return new Validation(
                settings -> new ValidationLoss(settings.model(), settings.loss(), data.apply(settings.model())),
                false,
                Integer.MAX_VALUE,
                false);
    }

    /**
     * Returns a validation by the loss of the training, as a mean over all examples, without dropout. The lowest loss is the
     * best.
     *
     * @param data the batches, with labels if the loss uses them; the iterator is reset for each validation
     * @return a validation that does not stop the training
     */
    public static Validation loss(DataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return lossOf(model -> BatchSource.of(data, model));
    }

    /**
     * Returns a validation by the loss of the training on one batch; see {@link #loss(DataSetIterator)}.
     *
     * @param batch the batch
     * @return a validation that does not stop the training
     */
    public static Validation loss(DataSet batch) {
        Objects.requireNonNull(batch, "batch must not be null");
        return lossOf(model -> BatchSource.of(batch, model));
    }

    /**
     * Returns a validation by the loss of the training on a list or another iterable; see {@link #loss(DataSetIterator)}.
     *
     * @param data the batches, of rows or sequences
     * @return a validation that does not stop the training
     */
    public static Validation loss(Iterable<Batch> data) {
        Objects.requireNonNull(data, "data must not be null");
        return lossOf(model -> BatchSource.of(data));
    }

    /**
     * Returns a validation by the loss of the training on batches of tokens; see {@link #loss(DataSetIterator)}.
     *
     * @param data the batches, as in {@link Trainer#fit(MultiDataSetIterator)}
     * @return a validation that does not stop the training
     */
    public static Validation loss(MultiDataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return lossOf(model -> BatchSource.of(data, model));
    }

    /**
     * Returns a validation by any number, such as the accuracy. The greatest is the best.
     *
     * @param score computes the number with the model that trains, for example with an {@link Evaluator}
     * @return a validation that does not stop the training
     */
    public static Validation score(ToDoubleFunction<? super Model> score) {
        Objects.requireNonNull(score, "score must not be null");
        return new Validation(settings -> () -> score.applyAsDouble(settings.model()), true, Integer.MAX_VALUE, false);
    }

    /**
     * Returns a validation by any number of which the least is the best, such as a loss that is not that of the training.
     *
     * @param cost computes the number with the model that trains
     * @return a validation that does not stop the training
     */
    public static Validation cost(ToDoubleFunction<? super Model> cost) {
        Objects.requireNonNull(cost, "cost must not be null");
        return new Validation(settings -> () -> cost.applyAsDouble(settings.model()), false, Integer.MAX_VALUE, false);
    }

    /**
     * Returns a validation that stops the training if the value was not better than the best one for some epochs.
     *
     * @param epochs the number of epochs after the best one, at least 1
     * @return a new validation; this one does not change
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Validation withPatience(int epochs) {
        if (epochs < 1) {
            throw new IllegalArgumentException("patience must be at least 1, found " + epochs);
        }
        return new Validation(measure, greaterIsBetter, epochs, testsStart);
    }

    /**
     * Returns a validation that also tests the model before the first step, as epoch 0. If no epoch is better, the trainer restores the
     * parameters with which it began: so a training of a model that is good already does not make it worse.
     *
     * @return a new validation; this one does not change
     */
    public Validation withStart() {
        return new Validation(measure, greaterIsBetter, patience, true);
    }

    /** Creates what computes the value for a training. */
    DoubleSupplier measure(TrainingSettings settings) {
        return measure.apply(settings);
    }

    /** Whether a value is better than another. NaN is never better. */
    boolean isBetter(double value, double than) {
        return greaterIsBetter ? value > than : value < than;
    }

    int patience() {
        return patience;
    }

    boolean testsStart() {
        return testsStart;
    }
}
