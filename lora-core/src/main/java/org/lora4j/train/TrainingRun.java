package org.lora4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training: a call of {@link Trainer#fit}, or one of those that a {@link MultiTrainer} runs together. It takes batches
 * from the data and counts; listeners and checkpoints see its steps.
 */
final class TrainingRun {
    private static final Logger log = LoggerFactory.getLogger(Trainer.class);

    private final TrainingSettings settings;
    private final BatchSource data;
    private final TrainingStep step;
    private final RunningMean losses = new RunningMean();
    private final long begin = System.nanoTime();

    private long iteration;
    private int epochs;
    private long batches;
    private long examples;
    private long examplesBefore;
    private double lastLoss = Double.NaN;

    TrainingRun(TrainingSettings settings, BatchSource data) {
        this.settings = settings;
        this.data = data;
        step = new TrainingStep(settings);
    }

    TrainingResult run() {
        adviseOnThreads();
        begin();
        while (!isThrough()) {
            Batch batch = next();
            double loss = step.take(batch.input(), batch.labels(), nextIteration(), nextEpoch());
            taken(batch, loss);
        }
        return end();
    }

    /** Continues from a saved state if there is one. */
    void begin() {
        if (settings.resumed() != null) {
            resume(settings.resumed());
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

    /** Checks the parameters and tells the listeners, after the last step. */
    TrainingResult end() {
        step.requireFinite(iteration);
        TrainingResult result = new TrainingResult(
                iteration, epochs, examples, lastLoss, losses.mean(), Duration.ofNanos(System.nanoTime() - begin));
        settings.listeners().forEach(listener -> listener.onEnd(result));
        return result;
    }

    boolean isThrough() {
        return epochs >= settings.epochs() || iteration >= settings.maxIterations();
    }

    /** Returns the batch of the next step. It starts the next epoch if one is over. */
    Batch next() {
        if (batches == 0) {
            data.reset(epochs + 1);
        }
        if (!data.hasNext()) {
            throw new IllegalArgumentException("the data must hold at least one batch, found none");
        }
        return data.next();
    }

    /** Counts a step that was taken, and tells the listeners. */
    void taken(Batch batch, double loss) {
        iteration++;
        batches++;
        lastLoss = loss;
        int size = batch.size();
        examples += size;
        double seconds = (System.nanoTime() - begin) / 1e9;
        TrainingListener.Iteration event = new TrainingListener.Iteration(
                iteration, epochs + 1, size, loss, losses.add(loss), (examples - examplesBefore) / seconds);
        settings.listeners().forEach(listener -> listener.onIteration(event));
        if (!data.hasNext()) {
            epochs++;
            batches = 0;
            settings.listeners().forEach(listener -> listener.onEpoch(epochs, event));
        }
        if (iteration % settings.checkpointInterval() == 0) {
            checkpoint();
        }
    }

    private void checkpoint() {
        // No loss has used these parameters yet. If they are not finite, a checkpoint of them would be useless.
        step.requireFinite(iteration);
        try {
            settings.checkpoints()
                    .accept(new TrainingState(iteration, epochs, batches, examples, losses.recent(), step.capture()));
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
        if (isThrough()) {
            throw new IllegalStateException("resume: something must be left to train, found " + iteration + " of "
                    + settings.maxIterations() + " iterations and " + epochs + " of " + settings.epochs()
                    + " epochs done; set more epochs or iterations");
        }
        step.requireFits(state.parameters());
        goThroughDataSeen(state);
        step.restore(state.parameters(), iteration);
    }

    /** Reads the data as the interrupted training did. So a random generator in the data continues with the same numbers. */
    private void goThroughDataSeen(TrainingState state) {
        int begun = state.batches() == 0 ? state.epochs() : state.epochs() + 1;
        long seen = 0;
        long seenExamples = 0;
        long inEpoch = 0;
        int ended = 0;
        for (int epoch = 1; epoch <= begun; epoch++) {
            data.reset(epoch);
            inEpoch = 0;
            while (seen < state.iteration() && data.hasNext()) {
                seenExamples += data.next().size();
                seen++;
                inEpoch++;
            }
            if (!data.hasNext()) {
                ended++;
                inEpoch = 0;
            }
        }
        String expected = describe(state.iteration(), state.examples(), state.epochs(), state.batches());
        String found = describe(seen, seenExamples, ended, inEpoch);
        if (!found.equals(expected)) {
            throw new IllegalArgumentException("resume: the data must be those of the interrupted training, with "
                    + expected + ", found " + found);
        }
    }

    private static String describe(long iterations, long examples, int epochs, long batches) {
        return examples + " examples in " + iterations + " batches: " + epochs + " epochs and " + batches
                + " batches after them";
    }

    static void adviseOnThreads() {
        // The number of master threads, because the maximum number of threads cannot be changed in a running process.
        int loops = Nd4j.getEnvironment().maxMasterThreads();
        int blas = Nd4j.factory().blas().getMaxThreads();
        if (loops > 1 && blas > 1) {
            log.info(
                    "ND4J's loops have {} threads and BLAS has {} threads. Idle threads keep the processors busy, so a step"
                            + " can take ten times as long. org.lora4j.nn.NativeThreads.forBlas() prevents this",
                    loops,
                    blas);
        }
    }
}
