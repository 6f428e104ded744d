package org.lora4j.cli.serve;

import java.io.IOException;
import java.util.Locale;
import org.lora4j.text.job.Job;

/** What clients do with a job. */
public enum JobChange {
    /** Ends it. */
    CANCEL,
    /** Stops it for a while. */
    PAUSE,
    /** Goes on with it. */
    RESUME,
    /** Gives its adapter the second name. */
    PROMOTE,
    /** Gives the second name back. */
    ROLLBACK;

    /**
     * Returns the last part of the path.
     *
     * @return the name in small letters
     */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Changes a job.
     *
     * @param job the job
     * @throws IllegalStateException if its state does not allow it
     * @throws IOException if the state cannot be stored
     */
    public void on(Job job) throws IOException {
        switch (this) {
            case CANCEL -> job.cancel();
            case PAUSE -> job.pause();
            case RESUME -> job.resume();
            case PROMOTE -> job.promote();
            case ROLLBACK -> job.rollback();
        }
    }
}
