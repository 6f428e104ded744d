package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Trains several adapters of one base at once. In each round it takes one step of every training. The rows of all batches
 * are computed together: each base weight is read once forward and once backward for all of them, where separate trainings
 * read it for each batch. This saves most of the time if the batches are small.
 *
 * <pre>{@code
 * List<MultiTrainer.Outcome> outcomes = new MultiTrainer()
 *         .add(Trainer.builder(model.using("eight")).epochs(3).build(), eights)
 *         .add(Trainer.builder(model.using("nine")).updater(new Adam(1e-2)).maxIterations(100).build(), nines)
 *         .fit();
 * }</pre>
 *
 * <p>Each training has the settings of its own {@link Trainer}, its own data, and its own batch sizes and number of steps.
 * It ends with the same parameters as {@link Trainer#fit} with the same data, except for rounding: a product of more rows
 * adds up in another order. Its checkpoints are those of a {@link Trainer}, which can resume from them, and the other way
 * round.
 *
 * <p>A training that ends early or fails does not affect the others. A failure does not throw an exception; its
 * {@link Outcome} has it.
 *
 * <p>All views must belong to one base network, which is frozen, and no parameter that one training changes can be used by
 * another. Weights that an adapter trains in full (modules to save) are computed for its rows alone, and so is the product
 * with the base weight that DoRA with dropout needs.
 *
 * <p>What each training computes by itself is divided among the processors that are free. Data, losses and listeners are
 * called by the thread of {@link #fit} only. Updaters and their schedules can be called by several threads, each for another
 * training. Not thread-safe.
 */
public final class MultiTrainer {
    private final List<Training> trainings = new ArrayList<>();

    /** A trainer with its data. */
    record Training(Trainer trainer, BatchSource data) {}

    /** Creates a trainer without trainings. */
    public MultiTrainer() {}

    /**
     * Adds a training.
     *
     * @param trainer the model and the settings; usually of a view of one adapter
     * @param data its batches, as in {@link Trainer#fit(DataSetIterator)}; no other training can use the same iterator
     * @return this
     */
    public MultiTrainer add(Trainer trainer, DataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return add(trainer, BatchSource.of(data, model(trainer)));
    }

    /**
     * Adds a training on one batch; each epoch is one step.
     *
     * @param trainer the model and the settings; usually of a view of one adapter
     * @param batch its batch, as in {@link Trainer#fit(DataSet)}
     * @return this
     */
    public MultiTrainer add(Trainer trainer, DataSet batch) {
        Objects.requireNonNull(batch, "batch must not be null");
        return add(trainer, BatchSource.of(batch, model(trainer)));
    }

    /**
     * Adds a training on a list or another iterable.
     *
     * @param trainer the model and the settings; usually of a view of one adapter
     * @param data its batches, as in {@link Trainer#fit(Iterable)}
     * @return this
     */
    public MultiTrainer add(Trainer trainer, Iterable<Batch> data) {
        Objects.requireNonNull(data, "data must not be null");
        return add(trainer, BatchSource.of(data));
    }

    /**
     * Adds a training on batches of tokens.
     *
     * @param trainer the model and the settings; usually of a view of one adapter
     * @param data its batches, as in {@link Trainer#fit(MultiDataSetIterator)}; no other training can use the same iterator
     * @return this
     */
    public MultiTrainer add(Trainer trainer, MultiDataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return add(trainer, BatchSource.of(data, model(trainer)));
    }

    private static Model model(Trainer trainer) {
        return Objects.requireNonNull(trainer, "trainer must not be null")
                .settings()
                .model();
    }

    private MultiTrainer add(Trainer trainer, BatchSource data) {
        trainings.add(new Training(Objects.requireNonNull(trainer, "trainer must not be null"), data));
        return this;
    }

    /**
     * Trains until each training has reached its number of epochs or iterations, or has failed.
     *
     * @return an outcome for each training, in the order in which they were added
     * @throws IllegalStateException if there is no training
     * @throws IllegalArgumentException if the models do not belong to one base network, or one training changes a parameter
     *     that another uses, as with two views of one adapter; nothing was trained then
     */
    public List<Outcome> fit() {
        if (trainings.isEmpty()) {
            throw new IllegalStateException("there must be at least one training, found none; call add before fit");
        }
        return new MultiTrainingRun(trainings).run();
    }

    /** How one training ended: with a result or with a failure. */
    public static final class Outcome {
        private final Model model;
        private final @Nullable TrainingResult result;
        private final @Nullable RuntimeException failure;

        Outcome(Model model, @Nullable TrainingResult result, @Nullable RuntimeException failure) {
            this.model = model;
            this.result = result;
            this.failure = failure;
        }

        /**
         * Returns the model of the training.
         *
         * @return the model that its trainer was built with
         */
        public Model model() {
            return model;
        }

        /**
         * Returns the result.
         *
         * @return what {@link Trainer#fit} returns; the duration is that until the end of this training
         * @throws IllegalStateException if the training failed, with the failure as its cause
         */
        public TrainingResult result() {
            if (result == null) {
                throw new IllegalStateException(
                        "the training of " + model + " must have ended without a failure, found: "
                                + (failure == null ? "none" : failure.getMessage()),
                        failure);
            }
            return result;
        }

        /**
         * Returns the failure.
         *
         * @return the exception that {@link Trainer#fit} throws, for example a {@link DivergedException}, or that of a
         *     listener; nothing if the training ended as it should
         */
        public Optional<RuntimeException> failure() {
            return Optional.ofNullable(failure);
        }

        @Override
        public String toString() {
            return model + ": " + (result == null ? failure : result);
        }
    }
}
