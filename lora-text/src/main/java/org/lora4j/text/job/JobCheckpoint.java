package org.lora4j.text.job;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The adapter of a job as it was after an epoch.
 *
 * @param step the number of steps before it
 * @param time when it was stored
 * @param trainLoss the mean loss of the last 100 steps
 * @param validLoss the loss of the rows that choose the epoch; null without such rows
 * @param adapter its name among the served adapters; null if none are served
 */
public record JobCheckpoint(
        long step,
        Instant time,
        double trainLoss,
        @Nullable Double validLoss,
        @Nullable String adapter) {
    /**
     * Checks the time.
     *
     * @param step the number of steps before it
     * @param time when it was stored
     * @param trainLoss the mean loss of the last 100 steps
     * @param validLoss the loss of the rows that choose the epoch
     * @param adapter its name
     */
    public JobCheckpoint {
        Objects.requireNonNull(time, "time must not be null");
    }
}
