package org.lora4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.events.CheckpointEvent;
import org.lora4j.internal.events.EpochEvent;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.internal.events.TrainingStepEvent;
import org.lora4j.train.TrainingResult.StopReason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training: a call of {@link Trainer#fit}, or one of those that a {@link MultiTrainer} runs together. It takes batches
 * from the data and counts; listeners and checkpoints see its steps.
 */
final class TrainingRun {
    private static final Logger log = LoggerFactory.getLogger(Trainer.class);

    /** A single batch of more examples in an epoch is probably a mistake. */
    private static final int LARGE_STEP = 256;

    private final TrainingSettings settings;
    private final BatchSource data;
    private final BatchGradients.@Nullable Source source;
    private final TrainingStep step;
    private final @Nullable Validator validator;
    private final RunningMean losses = new RunningMean();
    private final long begin = System.nanoTime();

    private long iteration;
    private int epochs;
    private long batches;
    private long batchesOfAllEpochs;
    private long examples;
    private long examplesBefore;
    private double lastLoss = Double.NaN;
    private boolean isStopped;

    // The batches of the next step that were computed.
    private long rowsOfStep;
    private int examplesOfStep;
    private double lossOfStep;

    // What the flight recorder is told; null if it does not run.
    private @Nullable TrainingStepEvent stepEvent;
    private @Nullable EpochEvent epochEvent;

    TrainingRun(TrainingSettings settings, BatchSource data) {
        this(settings, data, null);
    }

    /** Creates a training whose gradients are computed elsewhere. */
    TrainingRun(TrainingSettings settings, BatchGradients.Source source) {
        this(settings, BatchSource.of(source), source);
    }

    private TrainingRun(TrainingSettings settings, BatchSource data, BatchGradients.@Nullable Source source) {
        this.settings = settings;
        this.data = data;
        this.source = source;
        step = new TrainingStep(settings, source != null);
        validator = settings.validation() == null ? null : new Validator(settings.validation(), settings);
    }

    TrainingResult run() {
        ThreadAdvice.log(List.of(settings));
        begin();
        while (!isThrough()) {
            BatchSource.Taken next = next();
            double loss = source == null
                    ? step.compute(next.here().input(), next.here().labels(), nextIteration())
                    : step.compute(source, batchesOfAllEpochs, next.size(), nextIteration());
            if (computed(next.size(), loss)) {
                update();
                taken();
            }
        }
        return end();
    }

    /** Continues from a saved state if there is one. Else tests the model as it is if this is asked for. */
    void begin() {
        if (settings.resumed() != null) {
            resume(settings.resumed());
        } else if (validator != null && validator.testsStart()) {
            validate(validator, 0);
        }
    }

    TrainingStep step() {
        return step;
    }

    /** The iteration of the next step, from 1. */
    long nextIteration() {
        return iteration + 1;
    }

    /** The epoch of the next step, from 1. */
    int nextEpoch() {
        return epochs + 1;
    }

    /** Checks the parameters, restores the best ones and tells the listeners, after the last step. */
    TrainingResult end() {
        step.requireFinite(iteration);
        if (validator != null && !isStopped) {
            if (!validator.isDone(iteration)) {
                validate(validator, epochs + 1);
            }
            step.restoreBest();
        }
        TrainingResult result = new TrainingResult(
                iteration,
                epochs,
                examples,
                lastLoss,
                losses.mean(),
                Duration.ofNanos(System.nanoTime() - begin),
                stopReason(),
                Optional.ofNullable(validator == null ? null : validator.best()));
        settings.listeners().forEach(listener -> listener.onEnd(result));
        return result;
    }

    boolean isThrough() {
        return isStopped || isAtItsEnd();
    }

    private boolean isAtItsEnd() {
        return epochs >= settings.epochs() || iteration >= settings.maxIterations() || isOutOfPatience();
    }

    private boolean isOutOfPatience() {
        return validator != null && validator.isOutOfPatience(epochs);
    }

    private StopReason stopReason() {
        if (isStopped) {
            return StopReason.STOPPED;
        }
        if (epochs >= settings.epochs()) {
            return StopReason.EPOCHS;
        }
        return iteration >= settings.maxIterations() ? StopReason.ITERATIONS : StopReason.NO_IMPROVEMENT;
    }

    /** Returns the next batch. It starts the next epoch if one is over. */
    BatchSource.Taken next() {
        if (FlightEvents.areOn()) {
            beginEvents();
        }
        if (batches == 0) {
            data.reset(epochs + 1);
        }
        if (!data.hasNext()) {
            throw new IllegalArgumentException("the data must hold at least one batch, found none");
        }
        return data.next();
    }

    private void beginEvents() {
        if (epochEvent == null) {
            epochEvent = new EpochEvent();
            epochEvent.begin();
        }
        if (stepEvent == null) {
            stepEvent = new TrainingStepEvent();
            stepEvent.begin();
        }
    }

    /** Counts a batch of some examples whose gradients were computed. Returns whether it is the last one of a step. */
    boolean computed(int size, double loss) {
        batches++;
        batchesOfAllEpochs++;
        examples += size;
        examplesOfStep += size;
        long rows = step.addGradients();
        rowsOfStep += rows;
        lossOfStep += (loss - lossOfStep) * ((double) rows / rowsOfStep);
        return !data.hasNext() || batches % settings.accumulate() == 0;
    }

    /** Updates the parameters. Other trainings may do so at the same time, in other threads. */
    void update() {
        step.update(nextIteration(), nextEpoch());
    }

    /** Counts a step that was taken, tells the listeners, and validates if an epoch is over. */
    void taken() {
        iteration++;
        lastLoss = lossOfStep;
        double seconds = (System.nanoTime() - begin) / 1e9;
        TrainingListener.Iteration event = new TrainingListener.Iteration(
                iteration,
                epochs + 1,
                examplesOfStep,
                lastLoss,
                losses.add(lastLoss),
                (examples - examplesBefore) / seconds);
        if (stepEvent != null) {
            stepEvent.end(iteration, event.epoch(), examplesOfStep, rowsOfStep, lastLoss);
            stepEvent = null;
        }
        rowsOfStep = 0;
        examplesOfStep = 0;
        lossOfStep = 0;
        settings.listeners().forEach(listener -> listener.onIteration(event));
        // Asked here, because a listener may have ended the data.
        if (!data.hasNext()) {
            warnOfLargeStep(event);
            epochs++;
            batches = 0;
            if (epochEvent != null) {
                epochEvent.end(epochs, iteration, event.runningLoss());
                epochEvent = null;
            }
            settings.listeners().forEach(listener -> listener.onEpoch(epochs, event));
            if (validator != null) {
                validate(validator, epochs);
            }
        }
        isStopped = !isAtItsEnd() && settings.stopsWhen().getAsBoolean();
        if (isStopped || settings.checkpointAfter().test(iteration)) {
            checkpoint();
        }
    }

    /** All rows in one batch are easily passed by mistake, and learn little. */
    private void warnOfLargeStep(TrainingListener.Iteration event) {
        if (iteration == 1 && batches == 1 && event.examples() > LARGE_STEP && source == null) {
            log.warn(
                    "an epoch is a single step, because its one batch has all {} examples; a training learns more from batches of"
                            + " about 10 to 100 examples, for example with Trainer.fit(data, 32)",
                    event.examples());
        }
    }

    private void validate(Validator now, int epoch) {
        // No loss has used these parameters yet.
        step.requireFinite(iteration);
        ValidationResult result = now.validate(epoch, iteration);
        if (result.isBest()) {
            step.keepBest();
        }
        settings.listeners().forEach(listener -> listener.onValidation(result));
    }

    private void checkpoint() {
        // No loss has used these parameters yet. If they are not finite, a checkpoint of them would be useless.
        step.requireFinite(iteration);
        CheckpointEvent event = FlightEvents.areOn() ? new CheckpointEvent() : null;
        if (event != null) {
            event.begin();
        }
        try {
            settings.checkpoints()
                    .accept(new TrainingState(
                            iteration,
                            epochs,
                            batches,
                            examples,
                            settings.accumulate(),
                            losses.recent(),
                            validator == null ? null : validator.best(),
                            step.capture()));
            if (event != null) {
                event.end(iteration);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the checkpoint of iteration " + iteration + " cannot be stored: " + e.getMessage(), e);
        }
    }

    private void resume(TrainingState state) {
        iteration = state.iteration();
        epochs = state.epochs();
        batches = state.batches();
        examples = state.examples();
        examplesBefore = examples;
        losses.resume(iteration, state.recentLosses());
        lastLoss = state.recentLosses()[state.recentLosses().length - 1];
        if (validator != null) {
            validator.resume(state.best());
        }
        if (isOutOfPatience()) {
            throw new IllegalStateException("resume: something must be left to train, found no improvement since "
                    + state.best() + " in " + epochs + " epochs; set more patience");
        }
        if (isAtItsEnd()) {
            throw new IllegalStateException("resume: something must be left to train, found " + iteration + " of "
                    + settings.maxIterations() + " iterations and " + epochs + " of " + settings.epochs()
                    + " epochs done; set more epochs or iterations");
        }
        if (settings.accumulate() != state.accumulate()) {
            throw new IllegalArgumentException("resume: accumulate must be that of the state, " + state.accumulate()
                    + ", found " + settings.accumulate());
        }
        step.requireFits(state.parameters());
        batchesOfAllEpochs = goThroughDataSeen(state);
        step.restore(state.parameters(), batchesOfAllEpochs, validator != null);
    }

    /**
     * Reads the data as the interrupted training did. So a random generator in the data continues with the same numbers.
     * Returns the number of batches.
     */
    private long goThroughDataSeen(TrainingState state) {
        int begun = state.batches() == 0 ? state.epochs() : state.epochs() + 1;
        long steps = 0;
        long seen = 0;
        long seenExamples = 0;
        long inEpoch = 0;
        int ended = 0;
        for (int epoch = 1; epoch <= begun; epoch++) {
            data.reset(epoch);
            inEpoch = 0;
            while (steps < state.iteration() && data.hasNext()) {
                seenExamples += data.next().size();
                seen++;
                inEpoch++;
                if (inEpoch % settings.accumulate() == 0 || !data.hasNext()) {
                    steps++;
                }
            }
            if (!data.hasNext()) {
                ended++;
                inEpoch = 0;
            }
        }
        String expected = describe(state.iteration(), state.examples(), state.epochs(), state.batches());
        String found = describe(steps, seenExamples, ended, inEpoch);
        if (!found.equals(expected)) {
            throw new IllegalArgumentException("resume: the data must be those of the interrupted training, with "
                    + expected + ", found " + found);
        }
        return seen;
    }

    private static String describe(long iterations, long examples, int epochs, long batches) {
        return examples + " examples in " + iterations + " steps: " + epochs + " epochs and " + batches
                + " batches after them";
    }
}
