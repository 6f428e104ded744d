package org.lora4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.fixtures.Patience;

/** The command {@code serve} in a thread, and a client of it. */
final class RunningServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern ADDRESS = Pattern.compile("serving (\\d+) models? on (http://\\S+)/v1");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Thread thread;
    private final String address;
    private volatile int code = -1;

    private RunningServer(String... words) throws InterruptedException {
        thread = new Thread(() -> code = Lora.execute(new PrintWriter(out), new PrintWriter(err), words));
        thread.start();
        Patience.await(() -> ADDRESS.matcher(out.toString()).find() || !thread.isAlive());
        Matcher matcher = ADDRESS.matcher(out.toString());
        if (!matcher.find()) {
            throw new AssertionError("the server ended with " + code + ": " + err);
        }
        address = matcher.group(2);
    }

    static RunningServer start(Object... options) throws InterruptedException {
        return new RunningServer(Stream.concat(Stream.of("serve", "--port", 0), Stream.of(options))
                .map(String::valueOf)
                .toArray(String[]::new));
    }

    String address() {
        return address;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address + path)).header("Content-Type", "application/json");
    }

    HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** OpenAI's own client for this server. */
    OpenAIClient openAi() {
        return OpenAIOkHttpClient.builder()
                .baseUrl(address + "/v1")
                .apiKey("none is needed")
                .maxRetries(0)
                .build();
    }

    HttpClient client() {
        return client;
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(request(path).GET().build());
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return send(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    /** Posts a body that must be answered. */
    JsonNode good(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + " " + response.body());
        }
        return JSON.readTree(response.body());
    }

    static JsonNode json(HttpResponse<String> response) throws IOException {
        return JSON.readTree(response.body());
    }

    /** Returns a figure, or 0 if there is none. */
    double figure(String name) {
        try {
            return figure(get("/metrics").body(), name);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static double figure(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    String out() {
        return out.toString();
    }

    String err() {
        return err.toString();
    }

    /** Ends the command, and returns its exit code. */
    int stop() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return code;
    }

    @Override
    public void close() {
        int unused = stop();
    }
}
