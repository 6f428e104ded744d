package org.lora4j.train;

import java.time.Duration;
import java.util.Objects;

/**
 * The result of a training. If the training was resumed, all numbers except the duration include the part before.
 *
 * @param iterations the number of steps
 * @param epochs the number of completed epochs
 * @param examples the number of examples of all batches
 * @param finalLoss the loss of the last batch, before the last step
 * @param runningLoss the mean loss of the last 100 steps
 * @param duration the duration of the training
 */
public record TrainingResult(
        long iterations, int epochs, long examples, double finalLoss, double runningLoss, Duration duration) {
    /**
     * Checks that there is a duration.
     *
     * @param iterations the number of steps
     * @param epochs the number of completed epochs
     * @param examples the number of examples of all batches
     * @param finalLoss the loss of the last batch, before the last step
     * @param runningLoss the mean loss of the last 100 steps
     * @param duration the duration of the training
     */
    public TrainingResult {
        Objects.requireNonNull(duration, "duration must not be null");
    }
}
