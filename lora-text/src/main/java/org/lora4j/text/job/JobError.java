package org.lora4j.text.job;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Why a job failed.
 *
 * @param code a short name of the cause, such as {@code invalid_training_file}, {@code diverged} or {@code base_changed}
 * @param message what was expected, what was found and where, for the client
 * @param param what of the request is wrong: {@code training_file} or {@code validation_file}; null for anything else
 */
public record JobError(
        String code, String message, @Nullable String param) {
    /**
     * Checks the texts.
     *
     * @param code a short name of the cause
     * @param message what was expected and found
     * @param param what of the request is wrong
     */
    public JobError {
        Objects.requireNonNull(code, "code must not be null");
        Objects.requireNonNull(message, "message must not be null");
    }
}
