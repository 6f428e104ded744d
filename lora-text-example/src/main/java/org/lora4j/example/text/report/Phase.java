package org.lora4j.example.text.report;

import org.lora4j.train.TrainingResult;

/**
 * A training.
 *
 * @param iterations the number of batches
 * @param seconds how long it took
 * @param meanLoss the mean loss of the last batches, at most 100
 */
public record Phase(long iterations, double seconds, double meanLoss) {
    /**
     * Takes the numbers of a training.
     *
     * @param result the trainer's result
     * @return the numbers
     */
    public static Phase of(TrainingResult result) {
        return new Phase(result.iterations(), result.duration().toNanos() / 1e9, result.runningLoss());
    }
}
