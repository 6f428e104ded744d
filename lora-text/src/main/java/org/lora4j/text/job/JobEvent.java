package org.lora4j.text.job;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * What happened in a job.
 *
 * @param id its name, which no other event has
 * @param time when
 * @param level how important it is
 * @param message what happened
 * @param metrics the numbers of a step, such as {@code step}, {@code total_steps} and {@code train_loss}; none for another event
 */
public record JobEvent(String id, Instant time, Level level, String message, Map<String, Number> metrics) {
    /** How important an event is. */
    public enum Level {
        /** It goes as it should. */
        INFO,
        /** Somebody should know. */
        WARN,
        /** The job fails. */
        ERROR
    }

    /**
     * Copies the numbers.
     *
     * @param id its name
     * @param time when
     * @param level how important it is
     * @param message what happened
     * @param metrics the numbers of a step
     */
    public JobEvent {
        Objects.requireNonNull(id, "id must not be null");
        Objects.requireNonNull(time, "time must not be null");
        Objects.requireNonNull(level, "level must not be null");
        Objects.requireNonNull(message, "message must not be null");
        metrics = Map.copyOf(metrics);
    }
}
