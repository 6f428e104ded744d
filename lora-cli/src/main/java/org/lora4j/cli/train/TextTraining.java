package org.lora4j.cli.train;

import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.DivergedException;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.TrainingState;
import org.lora4j.train.Validation;
import org.lora4j.train.ValidationResult;

/** A training of an adapter by a plan, with checkpoints. */
record TextTraining(AdapterView adapter, Loss loss, TrainingPlan plan, int examples, boolean recomputes) {
    /** What a training did. There is no result if it had no steps. */
    record Outcome(@Nullable TrainingResult result, TrainingHistory history) {
        static final Outcome NO_STEPS = new Outcome(null, new TrainingHistory());

        /** Returns the epoch that was kept; the last one without a validation, and 0 for the start. */
        int keptEpoch() {
            return result == null
                    ? 0
                    : result.best().map(ValidationResult::epoch).orElse(result.epochs());
        }
    }

    /** Returns how often all examples are used. */
    int epochs() {
        return plan.epochs(examples);
    }

    /** Returns the steps of all epochs. */
    int steps() {
        return plan.steps(examples);
    }

    /** Trains from the beginning or from the checkpoint, and runs {@code saved} after each checkpoint. */
    Outcome run(
            Iterable<Batch> batches,
            @Nullable Validation validation,
            CheckpointFile checkpoint,
            boolean resume,
            ProgressDisplay progress,
            Runnable saved)
            throws IOException {
        CheckpointFile.@Nullable Stored stored = resume ? checkpoint.read() : null;
        TrainingHistory history = stored == null ? new TrainingHistory() : stored.history();
        Trainer.Builder trainer = builder(steps()).listener(history);
        if (stored != null) {
            trainer.resume(stored.state());
        }
        if (plan.checkpointEvery() > 0) {
            trainer.checkpointEvery(plan.checkpointEvery(), state -> {
                if (!isEnd(state, history)) {
                    checkpoint.write(state, history);
                    saved.run();
                }
            });
        }
        if (validation != null) {
            trainer.validation(withPatience(validation));
        }
        return progress.show("training", steps(), listener -> fit(trainer, batches, listener, history));
    }

    private Validation withPatience(Validation validation) {
        return plan.patience() == 0 ? validation : validation.withPatience(plan.patience());
    }

    /** Trains without checkpoints, and returns the best validation; nothing if the training diverged. */
    OptionalDouble tryOut(Iterable<Batch> batches, Validation validation, ProgressDisplay progress) {
        Trainer.Builder trainer = builder(steps()).validation(withPatience(validation));
        try {
            TrainingResult result = progress.show(
                    "trying settings",
                    steps(),
                    listener -> trainer.listener(listener).build().fit(batches));
            return OptionalDouble.of(result.best().orElseThrow().value());
        } catch (DivergedException e) {
            return OptionalDouble.empty();
        }
    }

    /** Trains on other examples as {@link #run} does on these, with the same rates in each epoch, and ends after some epochs. */
    void runAgain(Iterable<Batch> batches, int others, int ended, ProgressDisplay progress) {
        int stepsOfEpoch = plan.stepsOfEpoch(others);
        progress.show(
                "training on all examples",
                (long) ended * stepsOfEpoch,
                listener -> builder(epochs() * stepsOfEpoch)
                        .epochs(ended)
                        .listener(listener)
                        .build()
                        .fit(batches));
    }

    /** Nothing could be trained after a checkpoint of the last step. The one before it stays, and gives the same bits. */
    private boolean isEnd(TrainingState state, TrainingHistory history) {
        return state.iteration() == steps()
                || (plan.patience() > 0 && history.validationsSinceBest() >= plan.patience());
    }

    private static Outcome fit(
            Trainer.Builder trainer, Iterable<Batch> batches, TrainingListener listener, TrainingHistory history) {
        return new Outcome(trainer.listener(listener).build().fit(batches), history);
    }

    private Trainer.Builder builder(int steps) {
        Trainer.Builder trainer = Trainer.builder(adapter)
                .loss(loss)
                .updater(plan.updater(steps))
                .epochs(epochs())
                .accumulate(plan.accumulate())
                .recomputeActivations(recomputes);
        return plan.clip() == 0 ? trainer : trainer.clipNorm(plan.clip());
    }

    /** Trains with some batches, to measure. The adapter is of no use then. */
    void tryOut(List<Batch> batches) {
        builder(steps())
                .epochs(1)
                .accumulate(1)
                .maxIterations(batches.size())
                .build()
                .fit(batches);
    }

    /** Trains some steps with another updater. The adapter is of no use then. */
    void tryOut(AdamW updater, int steps, Iterable<Batch> batches, TrainingListener listener) {
        builder(steps)
                .updater(updater)
                .epochs(steps)
                .maxIterations(steps)
                .listener(listener)
                .build()
                .fit(batches);
    }
}
