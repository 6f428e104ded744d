package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads the stream of the events of a job. A server ends it after its longest time; then another one goes on. */
final class ServerEvents implements JobEvents {
    private static final String DATA = "data: ";
    private static final String END = "[DONE]";
    private static final long PAUSE_MILLIS = 500;

    private final ServerJobs server;
    private final String id;
    private @Nullable String last;
    private BufferedReader stream;

    /**
     * Opens the stream.
     *
     * @param last the event that the first one follows; null if there is none
     */
    ServerEvents(ServerJobs server, String id, @Nullable String last) throws IOException {
        this.server = server;
        this.id = id;
        this.last = last;
        stream = open(server, id, last);
    }

    private static BufferedReader open(ServerJobs server, String id, @Nullable String last) throws IOException {
        return new BufferedReader(new InputStreamReader(server.stream(id, last), StandardCharsets.UTF_8));
    }

    @Override
    public @Nullable JsonNode next() throws IOException {
        while (true) {
            String line = line();
            if (line == null) {
                again();
            } else if (line.equals(DATA + END)) {
                return null;
            } else if (line.startsWith(DATA)) {
                JsonNode event = server.parse(line.substring(DATA.length()).getBytes(StandardCharsets.UTF_8));
                last = event.path("id").textValue();
                return event;
            }
        }
    }

    /** Returns the next line; null if the stream is at its end or broken. */
    private @Nullable String line() throws IOException {
        try {
            return stream.readLine();
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            return null;
        }
    }

    private void again() throws IOException {
        close();
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the job goes on");
        }
        stream = open(server, id, last);
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }
}
