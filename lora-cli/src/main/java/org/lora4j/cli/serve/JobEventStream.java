package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobEvent;

/**
 * Sends the events of a job as they come, until it has ended. A stream takes no longer than another request; then the client goes on with
 * {@code after}, the id of the last event.
 */
final class JobEventStream {
    private static final int MOST_STREAMS = 32;

    /** With how many events of the past a stream begins, and how many it reads at once. */
    private static final int MOST_EVENTS = 1_000;

    private static final long PAUSE_MILLIS = 250;
    private static final long SILENT_MILLIS = 10_000;

    /** What is left of the time of a request when its stream ends. */
    private static final Duration REST = Duration.ofSeconds(1);

    private final BooleanSupplier stops;
    private final ConcurrencyLimit places = new ConcurrencyLimit(
            MOST_STREAMS, owner -> "the key has as many streams of events as it may; try again later");

    /**
     * Creates what sends streams.
     *
     * @param stops whether the server stops, so that they end
     */
    JobEventStream(BooleanSupplier stops) {
        this.stops = stops;
    }

    /**
     * Sends the events of a job.
     *
     * @param after the id of the event that the first one follows; null for the last thousand
     * @throws IOException if the client has gone
     */
    void send(Call call, Job job, @Nullable String after) throws IOException {
        String owner = call.client().owner();
        places.enter(owner);
        try {
            // An unknown one is refused before the answer begins.
            List<JobEvent> unused = events(job, after, 1);
            List<JobEvent> first = since(job, after);
            call.answer().beginEvents();
            String last = send(call, job, first, after);
            follow(call, job, last);
        } finally {
            places.leave(owner);
        }
    }

    private void follow(Call call, Job job, @Nullable String first) throws IOException {
        String last = first;
        long silentSince = System.nanoTime();
        boolean hasEnded = false;
        while (!stops.getAsBoolean() && hasTime(call)) {
            boolean wasEnded = hasEnded;
            hasEnded = job.state().isEnd();
            List<JobEvent> more = since(job, last);
            last = send(call, job, more, last);
            if (!more.isEmpty()) {
                silentSince = System.nanoTime();
            } else if (wasEnded) {
                // The last event may be written after the state.
                call.answer().part("data: [DONE]\n\n");
                return;
            } else if (System.nanoTime() - silentSince > SILENT_MILLIS * 1_000_000) {
                call.answer().part(": waiting\n\n");
                silentSince = System.nanoTime();
            }
            pause();
        }
    }

    private static boolean hasTime(Call call) {
        Deadline deadline = call.open().deadline();
        return deadline.taken().compareTo(deadline.timeout().minus(REST)) < 0;
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            throw new InterruptedIOException("the client has gone");
        }
    }

    private static @Nullable String send(Call call, Job job, List<JobEvent> events, @Nullable String before)
            throws IOException {
        String last = before;
        for (JobEvent event : events) {
            call.answer().part("id: " + event.id() + "\ndata: " + JobJson.event(job, event) + "\n\n");
            last = event.id();
        }
        return last;
    }

    /**
     * Returns events, the newest first.
     *
     * @throws ApiException if there is no event {@code after}
     */
    static List<JobEvent> events(Job job, @Nullable String after, int limit) {
        try {
            return OnDisk.get(() -> job.events(after, limit));
        } catch (IllegalArgumentException e) {
            throw ApiException.field("after", String.valueOf(e.getMessage()));
        }
    }

    /** Returns events that follow one, the oldest first; the newest ones if they follow none. */
    private static List<JobEvent> since(Job job, @Nullable String last) {
        if (last != null) {
            return OnDisk.get(() -> job.eventsSince(last, MOST_EVENTS));
        }
        List<JobEvent> newest = new ArrayList<>(events(job, null, MOST_EVENTS));
        Collections.reverse(newest);
        return newest;
    }
}
