package org.lora4j.cli.serve;

import java.time.Duration;
import org.lora4j.serve.RequestOptions;

/**
 * Until when a request must have an answer. Its time begins when its headers are there, so it covers all that a request causes.
 *
 * @param beginNanos when it began, as {@link System#nanoTime} gives it
 * @param timeout how long it takes at most
 */
record Deadline(long beginNanos, Duration timeout) {
    static Deadline begin(Duration timeout) {
        return new Deadline(System.nanoTime(), timeout);
    }

    /** How long the request has taken. */
    Duration taken() {
        return Duration.ofNanos(System.nanoTime() - beginNanos);
    }

    /**
     * Returns the options of the next part of the work.
     *
     * @throws org.lora4j.serve.ServingException if no time is left
     */
    RequestOptions options() {
        return RequestOptions.defaults().withTimeout(timeout).after(taken());
    }
}
