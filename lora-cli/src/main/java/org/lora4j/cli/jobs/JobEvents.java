package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The events of a job as they come. */
public interface JobEvents extends Closeable {
    /**
     * Waits for the next event.
     *
     * @return the event; null once the job has ended and has no more of them
     * @throws IOException if they cannot be read any more
     */
    @Nullable
    JsonNode next() throws IOException;
}
