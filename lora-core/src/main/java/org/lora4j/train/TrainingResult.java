package org.lora4j.train;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * The result of a training. If the training was resumed, all numbers except the duration include the part before. With a
 * {@link Validation}, the model has the parameters of the best validation; the losses are those of the last steps.
 *
 * @param iterations the number of steps
 * @param epochs the number of completed epochs
 * @param examples the number of examples of all batches
 * @param finalLoss the loss of the last batch, before the last step
 * @param runningLoss the mean loss of the last 100 steps
 * @param duration the duration of the training
 * @param stopReason why the training ended
 * @param best the best validation; nothing without a {@link Validation}, or if every value was NaN
 */
public record TrainingResult(
        long iterations,
        int epochs,
        long examples,
        double finalLoss,
        double runningLoss,
        Duration duration,
        StopReason stopReason,
        Optional<ValidationResult> best) {
    /** Why a training ended. */
    public enum StopReason {
        /** The number of epochs was reached. */
        EPOCHS,
        /** The maximum number of iterations was reached. */
        ITERATIONS,
        /** The validation did not improve for as many epochs as its patience. */
        NO_IMPROVEMENT,
        /** The condition of {@link Trainer.Builder#stopWhen} held. The training can be resumed from its last checkpoint. */
        STOPPED
    }

    /**
     * Checks that nothing is null.
     *
     * @param iterations the number of steps
     * @param epochs the number of completed epochs
     * @param examples the number of examples of all batches
     * @param finalLoss the loss of the last batch, before the last step
     * @param runningLoss the mean loss of the last 100 steps
     * @param duration the duration of the training
     * @param stopReason why the training ended
     * @param best the best validation, or nothing
     */
    public TrainingResult {
        Objects.requireNonNull(duration, "duration must not be null");
        Objects.requireNonNull(stopReason, "stopReason must not be null");
        Objects.requireNonNull(best, "best must not be null");
    }
}
