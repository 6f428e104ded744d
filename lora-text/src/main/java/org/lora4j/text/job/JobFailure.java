package org.lora4j.text.job;

import org.jspecify.annotations.Nullable;

/** Ends a job with an error. */
final class JobFailure extends Exception {
    private static final long serialVersionUID = 1;

    /** Such an exception ends in this process. */
    private final transient JobError error;

    JobFailure(JobError error, @Nullable Throwable cause) {
        super(error.message(), cause);
        this.error = error;
    }

    JobError error() {
        return error;
    }
}
