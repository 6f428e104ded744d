package org.lora4j.text.job;

/** A service has as many jobs as it takes, so it refuses another one. Nothing of it was kept. */
public final class JobLimitException extends RuntimeException {
    private static final long serialVersionUID = 1;

    JobLimitException(String message) {
        super(message);
    }
}
