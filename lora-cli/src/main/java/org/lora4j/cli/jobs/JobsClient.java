package org.lora4j.cli.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks a server for its jobs, in the form of OpenAI's fine-tuning API.
 *
 * @param server the address of the server
 * @param key the key of the client; null for a server without keys
 */
public record JobsClient(URI server, @Nullable String key) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    private static final Duration LONGEST = Duration.ofMinutes(1);
    private static final String JOBS = "/v1/fine_tuning/jobs";
    private static final int PAGE = 100;

    /**
     * Returns all jobs of the client.
     *
     * @return the newest first
     * @throws IOException if the server cannot be reached, or refuses
     * @throws InterruptedException if the thread is interrupted
     */
    public List<JobLine> jobs() throws IOException, InterruptedException {
        List<JobLine> all = new ArrayList<>();
        for (JsonNode job : pages(JOBS, "")) {
            all.add(JobLine.of(job));
        }
        return all;
    }

    /**
     * Returns a job.
     *
     * @param id its name
     * @return the job
     * @throws IOException if the server cannot be reached, or has no such job of the client
     * @throws InterruptedException if the thread is interrupted
     */
    public JobLine job(String id) throws IOException, InterruptedException {
        return JobLine.of(ask("GET", path(id)));
    }

    /**
     * Changes a job.
     *
     * @param id its name
     * @param change {@code cancel}, {@code pause}, {@code resume}, {@code promote} or {@code rollback}
     * @return the job after it
     * @throws IOException if the server cannot be reached, or refuses
     * @throws InterruptedException if the thread is interrupted
     */
    public JobLine change(String id, String change) throws IOException, InterruptedException {
        return JobLine.of(ask("POST", path(id) + "/" + change));
    }

    /** Returns the events that follow one, the oldest first; all if it is empty. */
    List<JsonNode> events(String id, String last) throws IOException, InterruptedException {
        List<JsonNode> events = pages(path(id) + "/events", last);
        Collections.reverse(events);
        return events;
    }

    /** Returns what the pages of a list have, until the element of a name. */
    private List<JsonNode> pages(String path, String last) throws IOException, InterruptedException {
        List<JsonNode> all = new ArrayList<>();
        String after = "";
        while (true) {
            JsonNode page = ask("GET", path + "?limit=" + PAGE + after);
            for (JsonNode one : page.path("data")) {
                if (one.path("id").asText().equals(last)) {
                    return all;
                }
                all.add(one);
            }
            if (!page.path("has_more").asBoolean() || all.isEmpty()) {
                return all;
            }
            after = "&after=" + encoded(all.get(all.size() - 1).path("id").asText());
        }
    }

    private static String path(String id) {
        return JOBS + "/" + encoded(id);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private JsonNode ask(String method, String path) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path))
                .timeout(LONGEST)
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        HttpResponse<String> response;
        try {
            response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IOException(
                    server + " must be a server that can be reached, found none: "
                            + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
                    e);
        }
        JsonNode body;
        try {
            body = JSON.readTree(response.body());
        } catch (JsonProcessingException e) {
            throw new IOException(
                    server + ": the answer must be JSON, found something else with the status " + response.statusCode()
                            + "; is it lora serve --train?",
                    e);
        }
        if (response.statusCode() != 200) {
            String message = body.at("/error/message").asText();
            throw new IOException(server + " refused with the status " + response.statusCode()
                    + (message.isEmpty() ? "" : ": " + message));
        }
        return body;
    }
}
