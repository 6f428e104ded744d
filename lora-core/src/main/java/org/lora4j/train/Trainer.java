package org.lora4j.train;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Trains the trainable parameters of a model. Frozen parameters get no gradient and no updater state.
 *
 * <p>With the same data, seeds and thread settings, two trainings on the same machine give the same parameters, bit for
 * bit. A trainer holds only settings: each call of {@link #fit} starts with a new updater, or with the state of
 * {@link Builder#resume}. A {@link MultiTrainer} runs several trainers at once.
 */
public final class Trainer {
    private final TrainingSettings settings;

    private Trainer(TrainingSettings settings) {
        this.settings = settings;
    }

    /**
     * Starts the settings of a trainer.
     *
     * @param model the model to train
     * @return a builder with the defaults: Adam with the learning rate 0.001, the mean softmax cross-entropy, one epoch
     */
    public static Builder builder(Model model) {
        Objects.requireNonNull(model, "model must not be null");
        return new Builder(model);
    }

    /**
     * Trains until the number of epochs or the number of iterations is reached, whichever happens first.
     *
     * <p>The trainable parameters are determined when the training starts. If one of them is removed, replaced, disabled or
     * frozen during the training, or its adapter is deactivated, the training stops with an exception.
     *
     * @param data the batches: features {@code [n, in]}, labels {@code [n, out]}, without masks. The iterator is reset at
     *     the start of each epoch if it supports this
     * @return the result
     * @throws IllegalStateException if no parameter is trainable, if it is not clear which adapter to train, if the
     *     trainable parameters change during the training, if a second epoch needs a reset that the data do not support,
     *     or if nothing is left to train after {@link Builder#resume}
     * @throws IllegalArgumentException if there is no batch, if a batch does not fit the model, if a group of parameters is
     *     empty, or if the model, the updaters or the data do not fit the state of {@link Builder#resume}
     * @throws DivergedException if a loss is NaN or infinite, or if a parameter is NaN or infinite at the end or at a
     *     checkpoint or a validation. The parameters are then those of the last finite loss, or those of the best
     *     validation if there was one, unless {@link Builder#restoreOnDivergence} is off
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(DataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return new TrainingRun(settings, BatchSource.of(data, settings.model())).run();
    }

    /**
     * Trains as {@link #fit(DataSetIterator)} does, on batches of consecutive rows, in the order of the data in each epoch. Shuffle
     * data that are in the order of their classes before.
     *
     * @param data features {@code [n, in]}, labels {@code [n, out]}, without masks
     * @param batchSize the number of rows of a batch, at least 1; the last one of an epoch has the rest
     * @return the result
     * @throws IllegalStateException as {@link #fit(DataSetIterator)}
     * @throws IllegalArgumentException as {@link #fit(DataSetIterator)}, or if the size is less than 1
     * @throws DivergedException as {@link #fit(DataSetIterator)}
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(DataSet data, int batchSize) {
        Objects.requireNonNull(data, "data must not be null");
        return new TrainingRun(settings, BatchSource.of(data, batchSize, settings.model())).run();
    }

    /**
     * Trains as {@link #fit(DataSetIterator)} does, on one batch: each epoch is a single step. For batches of a data set, use
     * {@link #fit(DataSet, int)}. A {@code DataSet} is also an {@code Iterable} over its rows; this method does not iterate over
     * them.
     *
     * @param batch features {@code [n, in]}, labels {@code [n, out]}, without masks; each epoch is one step
     * @return the result
     * @throws IllegalStateException as {@link #fit(DataSetIterator)}
     * @throws IllegalArgumentException as {@link #fit(DataSetIterator)}
     * @throws DivergedException as {@link #fit(DataSetIterator)}
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(DataSet batch) {
        Objects.requireNonNull(batch, "batch must not be null");
        return new TrainingRun(settings, BatchSource.of(batch, settings.model())).run();
    }

    /**
     * Trains as {@link #fit(DataSetIterator)} does, on a list or another iterable. Each epoch calls
     * {@link Iterable#iterator} once.
     *
     * @param data the batches, of rows or of sequences of any lengths
     * @return the result
     * @throws IllegalStateException as {@link #fit(DataSetIterator)}
     * @throws IllegalArgumentException as {@link #fit(DataSetIterator)}
     * @throws DivergedException as {@link #fit(DataSetIterator)}
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(Iterable<Batch> data) {
        Objects.requireNonNull(data, "data must not be null");
        return new TrainingRun(settings, BatchSource.of(data)).run();
    }

    /**
     * Trains on batches of tokens: the first array of features is the tokens {@code [n, t]} with their mask, the second, if
     * there is one, their types.
     *
     * @param data the batches; reset at the start of each epoch
     * @return what was done
     * @throws IllegalStateException as {@link #fit(DataSetIterator)}
     * @throws IllegalArgumentException as {@link #fit(DataSetIterator)}
     * @throws DivergedException as {@link #fit(DataSetIterator)}
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(MultiDataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return new TrainingRun(settings, BatchSource.of(data, settings.model())).run();
    }

    /**
     * Trains with gradients that are computed elsewhere, for example on several machines.
     *
     * @param source computes the gradients
     * @return what was done
     * @throws IllegalStateException as {@link #fit(DataSetIterator)}
     * @throws IllegalArgumentException as {@link #fit(DataSetIterator)}
     * @throws DivergedException as {@link #fit(DataSetIterator)}
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(BatchGradients.Source source) {
        Objects.requireNonNull(source, "source must not be null");
        return new TrainingRun(settings, source).run();
    }

    TrainingSettings settings() {
        return settings;
    }

    /** The settings of a trainer. */
    public static final class Builder {
        private final Model model;
        private final List<TrainingListener> listeners = new ArrayList<>();
        private final List<UpdaterGroups.Group> groups = new ArrayList<>();
        private IUpdater updater = new Adam(1e-3);
        private Loss loss = Loss.softmaxCrossEntropy();
        private @Nullable Integer epochs;
        private @Nullable Long maxIterations;
        private double clipNorm = Double.POSITIVE_INFINITY;
        private int accumulate = 1;
        private boolean recomputes;
        private @Nullable Validation validation;
        private boolean restoresOnDivergence = true;
        private LongPredicate checkpointAfter = iteration -> false;
        private TrainingState.Sink checkpoints = state -> {};
        private BooleanSupplier stopsWhen = () -> false;
        private @Nullable TrainingState resumed;

        private Builder(Model model) {
            this.model = model;
        }

        /**
         * Sets the updater. The default is {@code new Adam(1e-3)}. A learning-rate schedule is a setting of the updater.
         *
         * @param updater any ND4J updater, or {@link AdamW}
         * @return this
         */
        public Builder updater(IUpdater updater) {
            this.updater = Objects.requireNonNull(updater, "updater must not be null");
            return this;
        }

        /**
         * Sets the updater of a group of parameters. If several groups contain a parameter, the first group counts. All other
         * parameters use {@link #updater(IUpdater)}. For example, LoRA+ (<a
         * href="https://arxiv.org/abs/2402.12354">arXiv:2402.12354</a>) trains B with 16 times the learning rate of A:
         *
         * <pre>{@code
         * Trainer.builder(model).updater(new Adam(1e-3)).updater(model::isLoraB, new Adam(16e-3))
         * }</pre>
         *
         * @param group returns true for the parameters of the group; it must contain at least one trainable parameter
         * @param updater any ND4J updater
         * @return this
         */
        public Builder updater(Predicate<? super Parameter> group, IUpdater updater) {
            groups.add(new UpdaterGroups.Group(
                    Objects.requireNonNull(group, "group must not be null"),
                    Objects.requireNonNull(updater, "updater must not be null")));
            return this;
        }

        /**
         * Sets the loss. The default is {@link Loss#softmaxCrossEntropy}, which needs logits: the last layer of the model
         * must have no activation.
         *
         * @param loss the loss
         * @return this
         */
        public Builder loss(Loss loss) {
            this.loss = Objects.requireNonNull(loss, "loss must not be null");
            return this;
        }

        /**
         * Sets the number of epochs. The default is 1; if only {@link #maxIterations} is set, the number of epochs is not
         * limited.
         *
         * @param epochs the number of epochs, at least 1
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder epochs(int epochs) {
            requirePositive("epochs", epochs);
            this.epochs = epochs;
            return this;
        }

        /**
         * Sets how many batches make one step. The default is 1. The step uses the mean of their gradients, each with the
         * weight of its number of rows. So it is the step of one batch with the rows of all of them, in less memory, if the
         * loss is a mean over rows. The last step of an epoch uses the batches that are left.
         *
         * <p>Iterations are steps: {@link #maxIterations}, {@link #checkpointEvery}, listeners and learning-rate schedules
         * count them.
         *
         * @param batches the number of batches, at least 1
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder accumulate(int batches) {
            requirePositive("accumulate", batches);
            accumulate = batches;
            return this;
        }

        /**
         * Sets whether a transformer computes its layers again for the gradients. The default is false: each layer keeps what it
         * computes until its gradients are computed. With true, it keeps only its input, and all layers share the memory for the
         * rest. A step then computes each layer twice forward, which is about a
         * third more work, and needs a fraction of the memory. The gradients are the same, bit for bit. Only a weight that is
         * trained whole by Adam, in batches of at most 32 rows, can differ by rounding. The field calls this gradient checkpointing or activation
         * recomputation (<a href="https://arxiv.org/abs/1604.06174">arXiv:1604.06174</a>). Networks without residual connections
         * have nothing to compute again.
         *
         * <p>In a {@link MultiTrainer} it applies to all trainings if one of them sets it.
         *
         * @param recompute true to save memory
         * @return this
         */
        public Builder recomputeActivations(boolean recompute) {
            recomputes = recompute;
            return this;
        }

        /**
         * Tests the model on other data after each epoch, and restores the best parameters at the end. With
         * {@link Validation#withPatience}, the training stops early. The default is no validation; the parameters at the end
         * are then those of the last step.
         *
         * @param validation the data and the number to compare
         * @return this
         */
        public Builder validation(Validation validation) {
            this.validation = Objects.requireNonNull(validation, "validation must not be null");
            return this;
        }

        /**
         * Sets the maximum number of steps. The default is no limit.
         *
         * @param iterations the number of steps, at least 1
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder maxIterations(long iterations) {
            requirePositive("maxIterations", iterations);
            maxIterations = iterations;
            return this;
        }

        /**
         * Limits the norm of the gradients, {@code √Σg²} over all trainable parameters together. If the norm is greater, all
         * gradients are scaled down to it. The default is no limit.
         *
         * @param norm the greatest norm, positive
         * @return this
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder clipNorm(double norm) {
            if (!(norm > 0)) {
                throw new IllegalArgumentException("clipNorm must be positive, found " + norm);
            }
            clipNorm = norm;
            return this;
        }

        /**
         * Sets whether the trainer restores the parameters of the last finite loss, or of the best validation, if a loss or a
         * parameter is NaN or infinite. The default is true. The trainer then copies all trainable parameters in each step. This needs time and
         * memory, which matter if a whole network is trained.
         *
         * @param restore true to keep the copies
         * @return this
         */
        public Builder restoreOnDivergence(boolean restore) {
            restoresOnDivergence = restore;
            return this;
        }

        /**
         * Adds a listener.
         *
         * @param listener the listener; listeners are called in the order in which they were added
         * @return this
         */
        public Builder listener(TrainingListener listener) {
            listeners.add(Objects.requireNonNull(listener, "listener must not be null"));
            return this;
        }

        /**
         * Creates a checkpoint after every given number of steps.
         *
         * @param iterations the number of steps between two checkpoints, at least 1
         * @param checkpoints receives the states, after the listeners; the thread that trains calls it
         * @return this
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder checkpointEvery(long iterations, TrainingState.Sink checkpoints) {
            requirePositive("checkpointEvery", iterations);
            return checkpoints(iteration -> iteration % iterations == 0, checkpoints);
        }

        /**
         * Creates a checkpoint after each step at which a condition holds, for example when some time has passed. It replaces
         * {@link #checkpointEvery}.
         *
         * @param due is asked after each step, after the listeners and the validation; the thread that trains calls it
         * @param checkpoints as in {@link #checkpointEvery}
         * @return this
         */
        public Builder checkpointWhen(BooleanSupplier due, TrainingState.Sink checkpoints) {
            Objects.requireNonNull(due, "due must not be null");
            return checkpoints(iteration -> due.getAsBoolean(), checkpoints);
        }

        private Builder checkpoints(LongPredicate after, TrainingState.Sink sink) {
            checkpointAfter = after;
            checkpoints = Objects.requireNonNull(sink, "checkpoints must not be null");
            return this;
        }

        /**
         * Ends the training before its time, after the step at which a condition holds. A checkpoint of this step is created, from which
         * the training can be resumed. The parameters are then those of this step, also with a validation. A training that is at its end
         * ends as it does without this.
         *
         * @param condition is asked after each step; the thread that trains calls it. The default is never
         * @return this
         */
        public Builder stopWhen(BooleanSupplier condition) {
            stopsWhen = Objects.requireNonNull(condition, "condition must not be null");
            return this;
        }

        /**
         * Continues an interrupted training. Parameters, updaters, dropout and the numbers of iterations and epochs continue
         * from the state. The rest of the training gives the same bits as without the interruption. {@link #epochs} and
         * {@link #maxIterations} count from the start of the interrupted training.
         *
         * <p>The data must give the same batches as in the interrupted training, from the first batch on. An iterator that
         * shuffles must therefore start with the same seed. {@link Trainer#fit} reads and skips the batches that were used
         * before the interruption. It throws an exception if their numbers of batches and examples differ from the state.
         *
         * @param state the state of the interrupted training
         * @return this
         */
        public Builder resume(TrainingState state) {
            resumed = Objects.requireNonNull(state, "state must not be null");
            return this;
        }

        /**
         * Creates the trainer.
         *
         * @return the trainer
         */
        public Trainer build() {
            return new Trainer(new TrainingSettings(
                    model,
                    new UpdaterGroups(groups, updater),
                    loss,
                    epochs != null ? epochs : maxIterations != null ? Integer.MAX_VALUE : 1,
                    maxIterations != null ? maxIterations : Long.MAX_VALUE,
                    clipNorm,
                    accumulate,
                    recomputes,
                    validation,
                    restoresOnDivergence,
                    List.copyOf(listeners),
                    checkpointAfter,
                    checkpoints,
                    stopsWhen,
                    resumed));
        }

        private static void requirePositive(String what, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(what + " must be at least 1, found " + value);
            }
        }
    }
}
