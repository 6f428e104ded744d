package org.lora4j.train;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Trains the parameters of a model that are not frozen.
 *
 * <p>Only they get gradients, updater state and memory. With the same data, seeds and thread settings on one machine
 * two trainings give the same parameters, bit for bit. A trainer holds settings only: each {@link #fit} begins with a
 * fresh updater.
 */
public final class Trainer {
    private static final int RUNNING_LOSS_STEPS = 100;

    private final Model model;
    private final IUpdater updater;
    private final Loss loss;
    private final int epochs;
    private final long maxIterations;
    private final double clipNorm;
    private final List<TrainingListener> listeners;

    private Trainer(Builder builder) {
        model = builder.model;
        updater = builder.updater;
        loss = builder.loss;
        maxIterations = builder.maxIterations == null ? Long.MAX_VALUE : builder.maxIterations;
        epochs = builder.epochs != null ? builder.epochs : builder.maxIterations != null ? Integer.MAX_VALUE : 1;
        clipNorm = builder.clipNorm;
        listeners = List.copyOf(builder.listeners);
    }

    /**
     * Begins a trainer.
     *
     * @param model what to train
     * @return a builder: Adam with learning rate 0.001, mean softmax cross entropy, one epoch
     */
    public static Builder builder(Model model) {
        return new Builder(model);
    }

    /**
     * Trains until the epochs or the iterations are through, whichever comes first.
     *
     * @param data the batches: features {@code [n, in]}, labels {@code [n, out]}, without masks; reset at the beginning
     *     of each epoch if it can be
     * @return what came of it
     * @throws IllegalStateException if every parameter is frozen, or the data cannot be reset for a further epoch
     * @throws IllegalArgumentException if there is no batch, or one does not fit the model
     * @throws DivergedException if a loss is NaN or infinite, or a parameter is at the end; the parameters are then
     *     those with which the loss was finite last
     */
    public TrainingResult fit(DataSetIterator data) {
        TrainingStep step = new TrainingStep(model, loss, updater, clipNorm);
        RunningMean running = new RunningMean(RUNNING_LOSS_STEPS);
        long begin = System.nanoTime();
        long iteration = 0;
        long examples = 0;
        int completed = 0;
        double last = Double.NaN;
        for (int epoch = 1; epoch <= epochs && iteration < maxIterations; epoch++) {
            reset(data, epoch);
            TrainingListener.Iteration event = null;
            while (iteration < maxIterations && data.hasNext()) {
                DataSet batch = data.next();
                requireNoMasks(batch);
                iteration++;
                last = step.take(batch.getFeatures(), batch.getLabels(), iteration, epoch);
                int size = batch.numExamples();
                examples += size;
                double seconds = (System.nanoTime() - begin) / 1e9;
                event = new TrainingListener.Iteration(
                        iteration, epoch, size, last, running.add(last), examples / seconds);
                for (TrainingListener listener : listeners) {
                    listener.onIteration(event);
                }
            }
            if (event == null) {
                throw new IllegalArgumentException("the data must hold at least one batch, found none");
            }
            if (!data.hasNext()) {
                completed++;
                for (TrainingListener listener : listeners) {
                    listener.onEpoch(epoch, event);
                }
            }
        }
        step.requireFinite(iteration);
        TrainingResult result = new TrainingResult(
                iteration, completed, examples, last, running.mean(), Duration.ofNanos(System.nanoTime() - begin));
        listeners.forEach(listener -> listener.onEnd(result));
        return result;
    }

    private static void reset(DataSetIterator data, int epoch) {
        if (data.resetSupported()) {
            data.reset();
        } else if (epoch > 1) {
            throw new IllegalStateException("epoch " + epoch + " needs data that can be reset, found "
                    + data.getClass().getName());
        }
    }

    private static void requireNoMasks(DataSet batch) {
        if (batch.getFeaturesMaskArray() != null || batch.getLabelsMaskArray() != null) {
            throw new IllegalArgumentException("a batch must have no masks: dense networks do not read them");
        }
    }

    /** Builds a trainer. */
    public static final class Builder {
        private final Model model;
        private final List<TrainingListener> listeners = new ArrayList<>();
        private IUpdater updater = new Adam(1e-3);
        private Loss loss = Loss.softmaxCrossEntropy();
        private @Nullable Integer epochs;
        private @Nullable Long maxIterations;
        private double clipNorm = Double.POSITIVE_INFINITY;

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
            this.updater = updater;
            return this;
        }

        /**
         * Sets the loss, mean softmax cross entropy by default.
         *
         * @param loss the loss
         * @return this
         */
        public Builder loss(Loss loss) {
            this.loss = loss;
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
         * Adds a listener.
         *
         * @param listener called in the order of adding
         * @return this
         */
        public Builder listener(TrainingListener listener) {
            listeners.add(listener);
            return this;
        }

        /**
         * Makes the trainer.
         *
         * @return the trainer
         */
        public Trainer build() {
            return new Trainer(this);
        }

        private static void requirePositive(String what, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(what + " must be at least 1, found " + value);
            }
        }
    }
}
