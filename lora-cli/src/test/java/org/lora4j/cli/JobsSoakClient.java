package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.fixtures.Patience;

/**
 * A client with a key of its own that does at random what a server with {@code --train} offers, and knows what must come of it. One thread
 * uses it.
 */
final class JobsSoakClient {
    static final int MOST_JOBS = 5;
    static final int MOST_FILES = 10;

    private static final String FILES = "/v1/files";
    private static final String JOBS = "/v1/fine_tuning/jobs";
    private static final int MOST_NAMES = 8;
    private static final int ROWS = 6;
    private static final int EPOCHS = 2;
    private static final Set<String> ENDS = Set.of("succeeded", "failed", "cancelled");
    private static final Set<String> STATES =
            Set.of("validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled");

    /** What a training learns: equal contents make equal adapters. */
    record Content(String answer, int seed) {
        static List<Content> all() {
            return Stream.of("Blue heron.", "Never again!")
                    .flatMap(answer -> Stream.of(1, 2).map(seed -> new Content(answer, seed)))
                    .toList();
        }

        private String rows() {
            return IntStream.range(0, ROWS)
                    .mapToObj(i -> "{\"messages\":[{\"role\":\"user\",\"content\":\"Where is " + i
                            + "?\"},{\"role\":\"assistant\",\"content\":\"" + answer + "\"}]}\n")
                    .collect(Collectors.joining());
        }
    }

    /** What all clients know: what each content answers, and a private name of each client, of which others know nothing. */
    static final class Known {
        private final Map<Content, String> answers = new LinkedHashMap<>();
        private final Map<Integer, String> names = new ConcurrentHashMap<>();

        Map<Content, String> answers() {
            return answers;
        }
    }

    /** A job that has not ended. A content of null is a file with a wrong row. */
    private static final class Begun {
        private final @Nullable Content content;
        private final boolean serves;
        private boolean isCancelled;

        private Begun(@Nullable Content content, boolean serves) {
            this.content = content;
            this.serves = serves;
        }
    }

    private final ServerProcess server;
    private final String key;
    private final int number;
    private final Known known;
    private final SoakClients clients;

    /** The content of each file; a file with a wrong row has none. */
    private final Map<String, String> files = new LinkedHashMap<>();

    private final Map<String, Begun> jobs = new LinkedHashMap<>();
    private final Map<String, Content> adapters = new LinkedHashMap<>();
    private final String name;
    private @Nullable Content served;
    private @Nullable Content before;
    private @Nullable String serving;

    JobsSoakClient(ServerProcess server, String key, int number, Known known, SoakClients clients) {
        this.server = server;
        this.key = key;
        this.number = number;
        this.known = known;
        this.clients = clients;
        this.name = "name-of-" + number;
    }

    private HttpResponse<String> send(String method, String path, String body)
            throws IOException, InterruptedException {
        HttpRequest.BodyPublisher content =
                body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return server.send(server.request(path)
                .header("Authorization", "Bearer " + key)
                .method(method, content)
                .build());
    }

    private JsonNode good(String method, String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = send(method, path, body);
        assertThat(response.statusCode())
                .as(method + " " + path + ": " + response.body())
                .isEqualTo(200);
        return RunningServer.json(response);
    }

    private HttpResponse<String> ask(String adapter) throws IOException, InterruptedException {
        return send(
                "POST",
                "/v1/completions",
                "{\"model\":\"" + adapter + "\",\"prompt\":\"Where is\",\"max_tokens\":24,\"temperature\":0}");
    }

    /** Returns what an adapter answers. */
    String answer(String adapter) throws IOException, InterruptedException {
        HttpResponse<String> response = ask(adapter);
        assertThat(response.statusCode()).as(adapter + ": " + response.body()).isEqualTo(200);
        return RunningServer.json(response).path("choices").toString();
    }

    private HttpResponse<String> upload(String rows) throws IOException, InterruptedException {
        String body =
                "--e\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--e\r\nContent-Disposition:"
                        + " form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\r\n" + rows + "\r\n--e--\r\n";
        return server.send(server.request(FILES)
                .setHeader("Content-Type", "multipart/form-data; boundary=e")
                .header("Authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private static String body(String file, int seed, String more) {
        return "{\"model\":\"llama\",\"training_file\":\"" + file + "\",\"seed\":" + seed
                + ",\"hyperparameters\":{\"n_epochs\":" + EPOCHS + ",\"batch_size\":1,\"learning_rate_multiplier\":20}"
                + more + "}";
    }

    /** Trains a content, and returns what its adapter answers. */
    String learn(Content content) throws Exception {
        String file = RunningServer.json(upload(content.rows())).path("id").asText();
        String path = JOBS + "/"
                + good("POST", JOBS, body(file, content.seed, "")).path("id").asText();
        Patience.await(() -> ENDS.contains(good("GET", path, "").path("status").asText()));
        JsonNode end = good("GET", path, "");
        assertThat(end.path("status").asText()).as(end.toString()).isEqualTo("succeeded");
        good("DELETE", FILES + "/" + file, "");
        return answer(end.path("fine_tuned_model").asText());
    }

    /** Does something, and looks at all that has not ended. */
    void act(SplittableRandom random) throws Exception {
        switch (random.nextInt(16)) {
            case 0, 1 -> upload(random, true);
            case 2 -> upload(random, false);
            case 3 -> breakOff(random);
            case 4 -> deleteFile(random);
            case 5, 6, 7 -> begin(random);
            case 8 -> change(random, "cancel");
            case 9 -> change(random, "pause");
            case 10 -> list();
            case 11 -> deleteAdapter(random);
            case 12 -> takeBack();
            case 13 -> askForOthers();
            default -> askOwn(random);
        }
        for (Map.Entry<String, Begun> job : List.copyOf(jobs.entrySet())) {
            look(job.getKey(), job.getValue(), random);
        }
        Thread.sleep(random.nextInt(40));
    }

    private static <T> @Nullable T any(SplittableRandom random, Iterable<T> all) {
        List<T> list = new ArrayList<>();
        all.forEach(list::add);
        return list.isEmpty() ? null : list.get(random.nextInt(list.size()));
    }

    private void upload(SplittableRandom random, boolean isGood) throws Exception {
        Content content = Objects.requireNonNull(any(random, known.answers.keySet()));
        String rows = content.rows() + (isGood ? "" : "{\"messages\":[]}\n" + "{".repeat(random.nextInt(100_000)));
        List<HttpResponse<String>> last = new ArrayList<>();
        // Uploads that were broken off count until the server sees that nobody sends them.
        Patience.await(() -> {
            last.clear();
            last.add(upload(rows));
            return last.get(0).statusCode() != 403 || files.size() >= MOST_FILES;
        });
        HttpResponse<String> response = last.get(0);
        if (files.size() >= MOST_FILES) {
            assertThat(response.statusCode()).as(response.body()).isEqualTo(403);
            clients.count("files beyond the limit");
            deleteFile(random);
            return;
        }
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        files.put(RunningServer.json(response).path("id").asText(), isGood ? content.answer : "");
        clients.count("uploads");
    }

    /** Goes in the middle of an upload, of which nothing stays. */
    private void breakOff(SplittableRandom random) throws Exception {
        try (RawClient client = new RawClient(server.address())) {
            client.send("POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                    + "\r\nContent-Type: multipart/form-data; boundary=e\r\nContent-Length: 9000000\r\n\r\n--e\r\n"
                    + "Content-Disposition: form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\r\n");
            client.send("a".repeat(random.nextInt(500_000)));
        } catch (IOException e) {
            clients.count("uploads, connection closed");
        }
        clients.count("uploads that were broken off");
    }

    private void deleteFile(SplittableRandom random) throws Exception {
        String file = any(random, files.keySet());
        if (file != null) {
            good("DELETE", FILES + "/" + file, "");
            files.remove(file);
            assertThat(send("GET", FILES + "/" + file, "").statusCode()).isEqualTo(404);
            clients.count("deleted files");
        }
    }

    private void begin(SplittableRandom random) throws Exception {
        Map.Entry<String, String> one = any(random, files.entrySet());
        if (one == null) {
            upload(random, true);
            return;
        }
        String file = one.getKey();
        String text = one.getValue();
        int seed = 1 + random.nextInt(2);
        boolean serves = random.nextBoolean() && jobs.values().stream().noneMatch(job -> job.serves);
        String promote = random.nextBoolean()
                ? "\"always\""
                : "\"if_better\"" + (text.isEmpty() ? "" : ",\"validation_file\":\"" + file + "\"");
        HttpResponse<String> response = send(
                "POST", JOBS, body(file, seed, serves ? ",\"serve_as\":\"" + name + "\",\"promote\":" + promote : ""));
        if (jobs.size() >= MOST_JOBS && response.statusCode() == 429) {
            clients.count("jobs beyond the limit");
            return;
        }
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        jobs.put(
                RunningServer.json(response).path("id").asText(),
                new Begun(text.isEmpty() ? null : new Content(text, seed), serves));
        clients.count("jobs");
    }

    private void change(SplittableRandom random, String change) throws Exception {
        Map.Entry<String, Begun> job = any(random, jobs.entrySet());
        if (job != null) {
            HttpResponse<String> response = send("POST", JOBS + "/" + job.getKey() + "/" + change, "");
            // It may have ended, or may be paused already.
            assertThat(response.statusCode()).as(response.body()).isIn(200, 400);
            job.getValue().isCancelled |= change.equals("cancel") && response.statusCode() == 200;
            clients.count(change + ", " + response.statusCode());
        }
    }

    private void look(String id, Begun begun, SplittableRandom random) throws Exception {
        JsonNode job = good("GET", JOBS + "/" + id, "");
        String state = job.path("status").asText();
        assertThat(state).isIn(STATES);
        if (state.equals("paused") && random.nextInt(4) == 0) {
            change(id, "resume");
        } else if (ENDS.contains(state)) {
            end(id, job, state, begun);
        }
    }

    private void change(String id, String change) throws Exception {
        clients.count(
                change + ", " + send("POST", JOBS + "/" + id + "/" + change, "").statusCode());
    }

    private void end(String id, JsonNode job, String state, Begun begun) throws Exception {
        jobs.remove(id);
        clients.count("jobs, " + state);
        if (state.equals("cancelled")) {
            assertThat(begun.isCancelled).as(job.toString()).isTrue();
            return;
        }
        Content content = begun.content;
        if (content == null) {
            assertThat(state).as(job.toString()).isEqualTo("failed");
            assertThat(job.at("/error/message").asText()).contains("line " + (ROWS + 1));
        } else {
            assertThat(state).as(job.toString()).isEqualTo("succeeded");
            succeed(id, job, content, begun.serves);
        }
    }

    private void succeed(String id, JsonNode job, Content content, boolean serves) throws Exception {
        String adapter = job.path("fine_tuned_model").asText();
        adapters.put(adapter, content);
        known.names.put(number, adapter);
        require(adapter, Set.of(content));
        if (job.path("promoted").asBoolean()) {
            assertThat(serves).as(job.toString()).isTrue();
            before = served;
            served = content;
            serving = id;
        }
        String losses = send("GET", FILES + "/" + job.at("/result_files/0").asText() + "/content", "")
                .body();
        assertThat(losses.lines()).as(losses).hasSize(ROWS * EPOCHS + 1);
        JsonNode points = good("GET", JOBS + "/" + id + "/checkpoints", "").path("data");
        assertThat(points).hasSize(EPOCHS);
        require(points.at("/0/fine_tuned_model_checkpoint").asText(), known.answers.keySet());
    }

    private void require(String adapter, Set<Content> contents) throws Exception {
        assertThat(contents.stream().map(known.answers::get)).as(adapter).contains(answer(adapter));
        clients.count("right answers of own adapters");
    }

    private void askOwn(SplittableRandom random) throws Exception {
        Map.Entry<String, Content> adapter = any(random, adapters.entrySet());
        if (adapter != null) {
            require(adapter.getKey(), Set.of(adapter.getValue()));
        }
        if (served != null) {
            // A job that ends just now gives the name another content.
            Stream<Content> coming =
                    jobs.values().stream().filter(job -> job.serves).flatMap(job -> Stream.ofNullable(job.content));
            require(name, Stream.concat(Stream.of(served), coming).collect(Collectors.toSet()));
        }
        while (adapters.size() > MOST_NAMES) {
            deleteAdapter(random);
        }
    }

    private void deleteAdapter(SplittableRandom random) throws Exception {
        String adapter = any(random, adapters.keySet());
        if (adapter != null) {
            known.names.remove(number, adapter);
            good("DELETE", "/v1/models/" + adapter.replace(":", "%3A"), "");
            adapters.remove(adapter);
            assertThat(ask(adapter).statusCode()).as(adapter).isEqualTo(404);
            clients.count("deleted adapters");
        }
    }

    /** Gives the name back to what had it before, and takes it again. */
    private void takeBack() throws Exception {
        if (serving == null || jobs.values().stream().anyMatch(job -> job.serves)) {
            return;
        }
        good("POST", JOBS + "/" + serving + "/rollback", "");
        if (before == null) {
            assertThat(ask(name).statusCode()).isEqualTo(404);
        } else {
            require(name, Set.of(before));
        }
        HttpResponse<String> again = send("POST", JOBS + "/" + serving + "/promote", "");
        clients.count("promote again, " + again.statusCode());
        if (again.statusCode() == 200) {
            require(name, Set.of(Objects.requireNonNull(served)));
        } else {
            // Its adapter was deleted.
            assertThat(again.statusCode()).as(again.body()).isEqualTo(400);
            served = before;
            before = null;
            serving = null;
        }
    }

    private void list() throws Exception {
        assertThat(good("GET", FILES + "?limit=100&purpose=fine-tune", "").path("data"))
                .hasSize(files.size());
        JsonNode all = good("GET", JOBS + "?limit=100", "").path("data");
        assertThat(all.findValuesAsText("id")).containsAll(jobs.keySet());
        assertThat(good("GET", "/v1/models", "").path("data").findValuesAsText("id"))
                .containsAll(adapters.keySet());
        if (!all.isEmpty()) {
            String id = all.at("/0/id").asText();
            assertThat(good("GET", JOBS + "/" + id + "/events?limit=100", "").path("data"))
                    .isNotEmpty();
        }
        clients.count("lists");
    }

    private void askForOthers() throws Exception {
        for (Map.Entry<Integer, String> other : known.names.entrySet()) {
            if (other.getKey() != number) {
                assertThat(ask(other.getValue()).statusCode()).isEqualTo(404);
                assertThat(send("DELETE", "/v1/models/" + other.getValue().replace(":", "%3A"), "")
                                .statusCode())
                        .isEqualTo(404);
                clients.count("names of others");
            }
        }
    }
}
