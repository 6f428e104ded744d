package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.lora4j.cli.serve.JobChange;

/** Where jobs are. They are in the form in which the server answers. */
public interface JobSource {
    /**
     * Returns all jobs.
     *
     * @return the newest first
     * @throws IOException if they cannot be read
     */
    List<JsonNode> jobs() throws IOException;

    /**
     * Returns a job as it is now.
     *
     * @param id its name
     * @return the job
     * @throws IOException if there is none, or it cannot be read
     */
    JsonNode job(String id) throws IOException;

    /**
     * Changes a job.
     *
     * @param id its name
     * @param change what to do
     * @return the job after it
     * @throws IllegalStateException if its state does not allow it
     * @throws IOException if there is none, or it cannot be changed
     */
    JsonNode change(String id, JobChange change) throws IOException;

    /**
     * Waits for what happens from now on.
     *
     * @param id the name of the job
     * @return the events
     * @throws IOException if there is none, or they cannot be read
     */
    JobEvents events(String id) throws IOException;
}
