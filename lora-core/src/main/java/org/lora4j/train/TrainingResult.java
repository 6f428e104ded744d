package org.lora4j.train;

import java.time.Duration;
import java.util.Objects;

/**
 * What came of a training. If it was resumed, the numbers but the duration include what was before.
 *
 * @param iterations the number of steps
 * @param epochs the number of epochs that were completed
 * @param examples the number of examples seen
 * @param finalLoss the loss of the last batch, before the last step
 * @param runningLoss the mean loss of the last 100 steps
 * @param duration how long it took
 */
public record TrainingResult(
        long iterations, int epochs, long examples, double finalLoss, double runningLoss, Duration duration) {
    /**
     * Holds the numbers.
     *
     * @param iterations the number of steps
     * @param epochs the number of completed epochs
     * @param examples the number of examples seen
     * @param finalLoss the loss of the last batch, before the last step
     * @param runningLoss the mean loss of the last 100 steps
     * @param duration how long the training took
     */
    public TrainingResult {
        Objects.requireNonNull(duration, "duration must not be null");
    }
}
