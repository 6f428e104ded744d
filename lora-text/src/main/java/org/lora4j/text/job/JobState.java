package org.lora4j.text.job;

import java.util.Locale;

/** Where a job is on its way. */
public enum JobState {
    /** Its data are read, to find wrong rows before anything trains. */
    VALIDATING,
    /** It waits for its turn. */
    QUEUED,
    /** It trains. */
    RUNNING,
    /** Somebody stopped it for a while. It goes on from its last step. */
    PAUSED,
    /** It has an adapter. */
    SUCCEEDED,
    /** It cannot go on; {@link Job#error} says why. */
    FAILED,
    /** Somebody ended it. */
    CANCELLED;

    /**
     * Returns the name that files and requests have.
     *
     * @return the name in small letters
     */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns whether the job has ended.
     *
     * @return true if the state does not change any more
     */
    public boolean isEnd() {
        return this == SUCCEEDED || this == FAILED || this == CANCELLED;
    }
}
