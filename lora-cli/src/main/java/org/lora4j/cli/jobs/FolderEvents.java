package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.JobJson;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobEvent;

/** Looks again and again for new events in the folder of a job. */
final class FolderEvents implements JobEvents {
    private static final int PAGE = 200;
    private static final long PAUSE_MILLIS = 250;

    private final FolderJobs jobs;
    private final Queue<JobEvent> found = new ArrayDeque<>();
    private Job job;
    private @Nullable String last;
    private boolean hasEnded;

    private FolderEvents(FolderJobs jobs, Job job, @Nullable String last) {
        this.jobs = jobs;
        this.job = job;
        this.last = last;
    }

    static FolderEvents fromNow(FolderJobs jobs, String id) throws IOException {
        Job job = jobs.read(id);
        List<JobEvent> newest = job.events(null, 1);
        return new FolderEvents(
                jobs, job, newest.isEmpty() ? null : newest.get(0).id());
    }

    @Override
    public @Nullable JsonNode next() throws IOException {
        while (found.isEmpty()) {
            job = jobs.read(job.id());
            found.addAll(job.eventsSince(last, PAGE));
            if (found.isEmpty()) {
                // The last event may be written after the state, so it is looked once more.
                if (hasEnded) {
                    return null;
                }
                hasEnded = job.state().isEnd();
                pause();
            }
        }
        JobEvent event = found.remove();
        last = event.id();
        return JobJson.event(job, event);
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the job goes on");
        }
    }

    @Override
    public void close() {}
}
