import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Starts the command {@code serve}, asks each adapter, and stops it: {@code java -cp 'lib/*' CheckServer.java JAR MODEL
 * ADAPTERS}. The adapters are {@code plain} and {@code answers}.
 */
public final class CheckServer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private CheckServer() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar",
                        args[0],
                        "serve",
                        "--model",
                        args[1],
                        "--adapters",
                        args[2],
                        "--port",
                        "0")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            require(line != null && line.startsWith("serving 2 models on http://127.0.0.1:"), "the first line", line);
            ask(line.substring(line.indexOf("http://")));
            process.destroy();
            require(process.waitFor(1, TimeUnit.MINUTES), "the end of the process", "none");
        } finally {
            process.destroyForcibly();
        }
        System.out.println("the server of " + args[1] + " is right");
    }

    private static void ask(String address) throws IOException, InterruptedException {
        JsonNode models = JSON.readTree(send(address + "/models", null).body());
        require(models.at("/data").findValuesAsText("id").toString().equals("[answers, plain]"), "the models", models);
        for (String adapter : new String[] {"plain", "answers"}) {
            String body = "{\"model\": \"" + adapter + "\", \"prompt\": \"My fellow\", \"max_tokens\": 8, \"temperature\": 0}";
            HttpResponse<String> response = send(address + "/completions", body);
            JsonNode answer = JSON.readTree(response.body());
            require(response.statusCode() == 200, "the status", response.body());
            String text = answer.at("/choices/0/text").asText();
            require(!text.isEmpty(), "the text", answer);
            String stream = send(address + "/completions", body.replace("}", ", \"stream\": true}")).body();
            require(stream.endsWith("data: [DONE]\n\n"), "the end of the stream", stream);
            require(streamed(stream).equals(text), "the streamed text", stream + " beside " + text);
        }
        HttpResponse<String> unknown = send(address + "/completions", "{\"model\": \"nobody\", \"prompt\": \"My\"}");
        require(unknown.statusCode() == 404, "the status of an unknown adapter", unknown.body());
    }

    /** Returns the text of all events of a stream. */
    private static String streamed(String stream) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String event : stream.split("\n\n")) {
            String data = event.replaceFirst("^data: ", "");
            if (!data.equals("[DONE]")) {
                text.append(JSON.readTree(data).at("/choices/0/text").asText());
            }
        }
        return text.toString();
    }

    private static HttpResponse<String> send(String address, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address)).header("Content-Type", "application/json");
        return CLIENT.send(
                (body == null ? request : request.POST(HttpRequest.BodyPublishers.ofString(body))).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static void require(boolean holds, String what, Object found) {
        if (!holds) {
            throw new IllegalStateException(what + " must be right, found " + found);
        }
    }
}
