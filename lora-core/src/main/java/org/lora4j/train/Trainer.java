package org.lora4j.train;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.internal.PassSource;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Trains the parameters of a model that are not frozen.
 *
 * <p>Only they get gradients, updater state and memory. With the same data, seeds and thread settings on one machine
 * two trainings give the same parameters, bit for bit. A trainer holds settings only: each {@link #fit} begins with a
 * fresh updater, or where {@link Builder#resume} says.
 */
public final class Trainer {
    private final TrainingSettings settings;

    private Trainer(TrainingSettings settings) {
        this.settings = settings;
    }

    /**
     * Begins a trainer.
     *
     * @param model what to train
     * @return a builder: Adam with learning rate 0.001, mean softmax cross entropy, one epoch
     */
    public static Builder builder(Model model) {
        Objects.requireNonNull(model, "model must not be null");
        PassSource.of(model);
        return new Builder(model);
    }

    /**
     * Trains until the epochs or the iterations are done, whichever comes first.
     *
     * <p>What trains is fixed when the training starts. If it is removed, replaced, deactivated, disabled or frozen while the
     * training runs, the training stops with an error.
     *
     * @param data the batches: features {@code [n, in]}, labels {@code [n, out]}, without masks; reset at the beginning
     *     of each epoch if it can be
     * @return the result
     * @throws IllegalStateException if there is nothing to train, the model does not say unmistakably what to train, what
     *     trains is changed while it trains, the data cannot be reset for a further epoch, or a resumed training is
     *     already done
     * @throws IllegalArgumentException if there is no batch, one does not fit the model, a group of parameters is empty,
     *     or model, updaters or data are not those of the training that is resumed
     * @throws DivergedException if a loss is NaN or infinite, or a parameter is at the end or at a checkpoint; the
     *     parameters are then those of the last finite loss, unless {@link Builder#restoreOnDivergence} is off
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(DataSetIterator data) {
        Objects.requireNonNull(data, "data must not be null");
        return new TrainingRun(settings, BatchSource.of(data)).run();
    }

    /**
     * Trains as {@link #fit(DataSetIterator)} does, on one batch. (ND4J's {@code DataSet} is also an {@code Iterable} over its
     * rows, which is not what is meant here.)
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
        return fit(List.of(batch));
    }

    /**
     * Trains as {@link #fit(DataSetIterator)} does, on a list or anything else that can be iterated over. Each epoch calls
     * {@link Iterable#iterator} once.
     *
     * @param data the batches: features {@code [n, in]}, labels {@code [n, out]}, without masks
     * @return the result
     * @throws IllegalStateException as {@link #fit(DataSetIterator)}
     * @throws IllegalArgumentException as {@link #fit(DataSetIterator)}
     * @throws DivergedException as {@link #fit(DataSetIterator)}
     * @throws UncheckedIOException if a checkpoint cannot be stored
     */
    public TrainingResult fit(Iterable<DataSet> data) {
        Objects.requireNonNull(data, "data must not be null");
        return new TrainingRun(settings, BatchSource.of(data)).run();
    }

    /** Builds a trainer. */
    public static final class Builder {
        private final Model model;
        private final List<TrainingListener> listeners = new ArrayList<>();
        private final List<UpdaterGroups.Group> groups = new ArrayList<>();
        private IUpdater updater = new Adam(1e-3);
        private Loss loss = Loss.softmaxCrossEntropy();
        private @Nullable Integer epochs;
        private @Nullable Long maxIterations;
        private double clipNorm = Double.POSITIVE_INFINITY;
        private boolean restoresOnDivergence = true;
        private long checkpointInterval = Long.MAX_VALUE;
        private TrainingState.Sink checkpoints = state -> {};
        private @Nullable TrainingState resumed;

        private Builder(Model model) {
            this.model = model;
        }

        /**
         * Sets the updater, {@code new Adam(1e-3)} by default. Learning-rate schedules belong to it.
         *
         * @param updater any of ND4J's
         * @return this
         */
        public Builder updater(IUpdater updater) {
            this.updater = Objects.requireNonNull(updater, "updater must not be null");
            return this;
        }

        /**
         * Sets the updater of a group of parameters; the first group that matches a parameter counts, and the plain
         * {@link #updater(IUpdater)} is for the rest. So the factor B of LoRA gets a rate of its own (LoRA+, <a
         * href="https://arxiv.org/abs/2402.12354">arXiv:2402.12354</a>, where it is 16 times that of A):
         *
         * <pre>{@code
         * Trainer.builder(model).updater(new Adam(1e-3)).updater(model::isLoraB, new Adam(16e-3))
         * }</pre>
         *
         * @param group whether a parameter belongs to it; it must get at least one that trains
         * @param updater any of ND4J's
         * @return this
         */
        public Builder updater(Predicate<? super Parameter> group, IUpdater updater) {
            groups.add(new UpdaterGroups.Group(
                    Objects.requireNonNull(group, "group must not be null"),
                    Objects.requireNonNull(updater, "updater must not be null")));
            return this;
        }

        /**
         * Sets the loss, mean softmax cross entropy by default.
         *
         * @param loss the loss
         * @return this
         */
        public Builder loss(Loss loss) {
            this.loss = Objects.requireNonNull(loss, "loss must not be null");
            return this;
        }

        /**
         * Sets how many times to go through the data: 1 by default, or as often as it takes if
         * {@link #maxIterations} is set and this is not.
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
         * Sets how many steps to take at most, unlimited by default.
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
         * Scales the gradients down when their norm, √Σg² over all trainable parameters together, is greater.
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
         * Sets whether the trainer returns to the parameters of the last finite loss when a loss or a parameter becomes NaN
         * or infinite; true by default. For this it copies all trainable parameters in each step, which costs time and
         * memory where a whole network trains.
         *
         * @param restore whether to keep the copy
         * @return this
         */
        public Builder restoreOnDivergence(boolean restore) {
            restoresOnDivergence = restore;
            return this;
        }

        /**
         * Adds a listener.
         *
         * @param listener called in the order of adding
         * @return this
         */
        public Builder listener(TrainingListener listener) {
            listeners.add(Objects.requireNonNull(listener, "listener must not be null"));
            return this;
        }

        /**
         * Lets the state of the training be stored now and then.
         *
         * @param iterations how many steps lie between two states, at least 1
         * @param checkpoints gets the states, in the thread that trains, after the listeners
         * @return this
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder checkpointEvery(long iterations, TrainingState.Sink checkpoints) {
            requirePositive("checkpointEvery", iterations);
            checkpointInterval = iterations;
            this.checkpoints = Objects.requireNonNull(checkpoints, "checkpoints must not be null");
            return this;
        }

        /**
         * Goes on where another training stood: the parameters, the updaters, the numbers of iterations and epochs and
         * dropout are as they were, and the rest of the training is the same to the bit. Epochs and iterations count
         * from the beginning of that training.
         *
         * <p>The data must be as they were at its beginning, and make the same batches when they are gone through in
         * the same way, which is all that is asked of an iterator that shuffles. {@link Trainer#fit} goes through those that
         * were seen without computing anything, and refuses data whose counts of batches and examples differ.
         *
         * @param state where to go on
         * @return this
         */
        public Builder resume(TrainingState state) {
            resumed = Objects.requireNonNull(state, "state must not be null");
            return this;
        }

        /**
         * Makes the trainer.
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
                    restoresOnDivergence,
                    List.copyOf(listeners),
                    checkpointInterval,
                    checkpoints,
                    resumed));
        }

        private static void requirePositive(String what, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(what + " must be at least 1, found " + value);
            }
        }
    }
}
