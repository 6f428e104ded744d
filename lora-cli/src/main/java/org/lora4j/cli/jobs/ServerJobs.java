package org.lora4j.cli.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.JobChange;
import org.lora4j.internal.MessageText;

/** The jobs of a key at a server. */
public final class ServerJobs implements JobSource {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern SCHEME = Pattern.compile("https?");
    private static final String JOBS = "/v1/fine_tuning/jobs";
    private static final int PAGE = 1_000;
    private static final int GOOD = 200;
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofMinutes(1);

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .build();
    private final String server;
    private final @Nullable String key;

    private ServerJobs(String server, @Nullable String key) {
        this.server = server;
        this.key = key;
    }

    /**
     * Names a server.
     *
     * @param address such as {@code http://127.0.0.1:8080}, with or without {@code /v1}
     * @param key the key of the client; null for none
     * @return its jobs
     * @throws IllegalArgumentException if it is no such address
     */
    public static ServerJobs of(String address, @Nullable String key) {
        URI uri;
        try {
            uri = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw wrongAddress(address);
        }
        boolean isServer = uri.getScheme() != null
                && SCHEME.matcher(uri.getScheme().toLowerCase(Locale.ROOT)).matches()
                && uri.getHost() != null
                && uri.getRawUserInfo() == null
                && uri.getRawQuery() == null
                && uri.getRawFragment() == null;
        if (!isServer) {
            throw wrongAddress(address);
        }
        return new ServerJobs(address.replaceFirst("/+$", "").replaceFirst("/v1$", ""), key);
    }

    private static IllegalArgumentException wrongAddress(String address) {
        return new IllegalArgumentException("the address of a server must be one such as http://127.0.0.1:8080, found "
                + MessageText.quote(address));
    }

    @Override
    public List<JsonNode> jobs() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        String after = "";
        boolean isMore = true;
        while (isMore) {
            JsonNode page = get("?limit=" + PAGE + after);
            page.path("data").forEach(all::add);
            isMore = page.path("has_more").asBoolean() && !page.path("data").isEmpty();
            after = all.isEmpty()
                    ? ""
                    : "&after=" + all.get(all.size() - 1).path("id").asText();
        }
        return all;
    }

    @Override
    public JsonNode job(String id) throws IOException {
        return get("/" + id);
    }

    @Override
    public JsonNode change(String id, JobChange change) throws IOException {
        HttpRequest.Builder request = request("/" + id + "/" + change.text()).POST(HttpRequest.BodyPublishers.noBody());
        return json(request);
    }

    @Override
    public JobEvents events(String id) throws IOException {
        JsonNode newest = get("/" + id + "/events?limit=1").path("data").path(0).path("id");
        return new ServerEvents(this, id, newest.textValue());
    }

    /** Opens the stream of the events that follow one. */
    InputStream stream(String id, @Nullable String last) throws IOException {
        String path = "/" + id + "/events?stream=true" + (last == null ? "" : "&after=" + last);
        return send(request(path).header("Accept", "text/event-stream"));
    }

    private JsonNode get(String path) throws IOException {
        return json(request(path));
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(server + JOBS + path)).timeout(LONGEST);
        return key == null ? request : request.header("Authorization", "Bearer " + key);
    }

    private JsonNode json(HttpRequest.Builder request) throws IOException {
        try (InputStream body = send(request)) {
            return parse(body.readAllBytes());
        }
    }

    /** Reads JSON of the server. */
    JsonNode parse(byte[] json) throws IOException {
        try {
            return MAPPER.readTree(new ByteArrayInputStream(json));
        } catch (JsonProcessingException e) {
            throw failure("must answer with JSON, found another text; it may be no server of 'lora serve'");
        }
    }

    private IOException failure(String problem) {
        return new IOException(server + ": " + problem);
    }

    private InputStream send(HttpRequest.Builder request) throws IOException {
        HttpResponse<InputStream> response;
        try {
            response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + server + " answers");
        } catch (IOException e) {
            IOException failure = failure("a server must answer there, found none (" + e + "); start it with"
                    + " 'lora serve --train', or give another --server");
            failure.initCause(e);
            throw failure;
        }
        if (response.statusCode() == GOOD) {
            return response.body();
        }
        try (InputStream body = response.body()) {
            throw failure(problem(response.statusCode(), body.readAllBytes()));
        }
    }

    private static String problem(int status, byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        try {
            JsonNode message = MAPPER.readTree(text).at("/error/message");
            if (message.isTextual()) {
                return MessageText.line(message.textValue());
            }
        } catch (JsonProcessingException e) {
            // The status alone says what is known.
        }
        return "must answer with the status 200, found " + status;
    }
}
