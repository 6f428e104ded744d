package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.Patience;

/**
 * Hostile clients of all kinds beside honest ones, which compare their answers. {@code -Dserve.soak.seconds=1200} takes longer than
 * the default; the figures are in {@code target/serve-soak.txt}.
 */
@Tag("slow")
class ServeSoakTest {
    private static final long SECONDS = Long.getLong("serve.soak.seconds", 12);
    private static final String TEXT = "/v1/completions";
    private static final int HALF_OPEN = 40;

    /** The process has 512 MiB of heap, the native libraries, and the tokens of a million characters. */
    private static final long MOST_MIB = 1400;

    @TempDir
    private Path temp;

    private final SoakClients clients = new SoakClients(SECONDS);
    private final Queue<String> memory = new ConcurrentLinkedQueue<>();

    /** What each version of an adapter answers that is exchanged. */
    private final List<String> versions = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // Set before the clients start.
    private ServerProcess server;

    /** Under an attack a connection may be closed without an answer. {@link ServeClientsTest} shows the answers without one. */
    private void requireStatus(String what, String answer, int status) {
        if (answer.isEmpty()) {
            clients.count(what + ", no answer");
        } else {
            assertThat(answer).startsWith("HTTP/1.1 " + status);
        }
    }

    private static String body(String adapter, String prompt, int tokens, boolean isStream) {
        return "{\"model\": \"" + adapter + "\", \"prompt\": \"" + prompt + "\", \"temperature\": 0, \"max_tokens\": "
                + tokens + ", \"stream\": " + isStream + "}";
    }

    private static String withLength(String body) {
        return RawClient.post(TEXT, "Content-Length: " + body.length() + "\r\n", body);
    }

    @Test
    void honestClientsGetTheirAnswers() throws Exception {
        Path model = SmallModels.llama(temp.resolve("llama"), 1);
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 100000"));
        Path adapters = temp.resolve("chats");
        for (String name : List.of("style", "support", "flood", "slow", HostileRequests.ADAPTER)) {
            RandomAdapters.write(adapters.resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
        }
        Path first = temp.resolve("first");
        Path second = temp.resolve("second");
        RandomAdapters.write(first, "model.layers", "self_attn.q_proj", 1);
        RandomAdapters.write(second, "model.layers", "self_attn.q_proj", 2);
        ChangingAdapter changing =
                new ChangingAdapter(adapters.resolve("changing"), temp.resolve("work"), first, second);
        try (ServerProcess started = ServerProcess.start(
                        temp.resolve("log"),
                        "512m",
                        "--model",
                        model,
                        "--adapters",
                        adapters,
                        "--max-connections",
                        200,
                        "--max-new-tokens",
                        4000,
                        "--timeout",
                        120,
                        "--reload",
                        1,
                        "--grace",
                        1);
                ClassifySoak classifiers = new ClassifySoak(temp.resolve("classifiers"))) {
            server = started;
            Map<String, String> expected = new TreeMap<>();
            for (String name : List.of("style", "support")) {
                expected.put(name, answer(name));
            }
            versions.add(answer("changing"));
            changing.rename(1);
            Patience.await(() -> !versions.contains(answer("changing")));
            versions.add(answer("changing"));
            expected.forEach((name, answer) -> honest(name, List.of(answer)));
            honest("changing", versions);
            clients.honest("health", random -> health());
            clients.honest("memory", random -> sample(classifiers));
            attack();
            attackWithSchemas();
            exchange(changing);
            classifiers.start(clients);
            clients.join();
            Files.writeString(
                    Path.of("target", "serve-soak.txt"),
                    "seconds: " + SECONDS + "\n" + clients.report() + "resident at most, MiB: "
                            + server.residentMib("VmHWM") + ", of classifiers "
                            + classifiers.server().residentMib("VmHWM") + "\n" + String.join("\n", memory) + "\n");
            assertThat(clients.faults()).isEmpty();
            assertThat(clients.counts())
                    .containsKeys("honest style", "honest support", "honest changing", "honest steady", "revoked");
            for (ServerProcess one : List.of(server, classifiers.server())) {
                assertThat(one.isAlive()).as(one.log()).isTrue();
                assertThat(one.residentMib("VmHWM")).isLessThan(MOST_MIB);
                assertThat(one.log()).doesNotContain("ERROR", "OutOfMemory", "panic");
            }
            Patience.await(this::isIdle);
            for (Map.Entry<String, String> one : expected.entrySet()) {
                assertThat(answer(one.getKey())).isEqualTo(one.getValue());
            }
        }
    }

    private String answer(String adapter) throws IOException, InterruptedException {
        return choices(server.post(TEXT, body(adapter, "the cat", 24, false)));
    }

    /** A line for the memory over the time. */
    private void sample(ClassifySoak classifiers) throws Exception {
        memory.add("resident, MiB: " + server.residentMib("VmRSS") + ", of classifiers "
                + classifiers.server().residentMib("VmRSS") + "; grammars, bytes: "
                + (long) server.figure("lora_grammars_bytes"));
        for (long i = 0; i < Math.max(1, SECONDS / 60) && clients.goOn(); i++) {
            Thread.sleep(1000);
        }
    }

    /** Each shape of schema by clients of its own. */
    private void attackWithSchemas() {
        AtomicInteger number = new AtomicInteger();
        for (HostileRequests shape : HostileRequests.values()) {
            if (!shape.isEmbedding()) {
                clients.hostile("schema " + shape, random -> {
                    int status = server.post(shape.path(), shape.body(number.incrementAndGet()))
                            .statusCode();
                    assertThat(status).isIn(200, 400, 429, 503, 504);
                    clients.count("schema " + shape + ", " + status);
                });
            }
        }
    }

    private void exchange(ChangingAdapter changing) {
        clients.start("exchange of texts", random -> {
            if (random.nextBoolean()) {
                changing.rename(random.nextInt(2));
            } else {
                changing.replaceFiles(random.nextInt(2));
            }
            clients.count("exchange of texts");
            Thread.sleep(random.nextInt(1500));
        });
    }

    private boolean isIdle() {
        try {
            return server.figure("lora_http_requests") == 0 && server.figure("lora_http_body_bytes") == 0;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String choices(HttpResponse<String> response) throws IOException {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode answer = new ObjectMapper().readTree(response.body());
        return answer.path("choices").toString();
    }

    private void honest(String adapter, List<String> expected) {
        String what = "honest " + adapter;
        clients.honest(what, random -> {
            long begin = System.nanoTime();
            HttpResponse<String> response = server.post(TEXT, body(adapter, "the cat", 24, false));
            if (response.statusCode() == 504) {
                clients.count(what + ", late");
                return;
            }
            if (response.statusCode() == 503) {
                // The server says that it is busy, and when to come again.
                clients.count(what + ", told to come again");
                assertThat(response.headers().firstValue("Retry-After")).isPresent();
                Thread.sleep(100);
                return;
            }
            if (response.statusCode() == 404 && expected.size() > 1) {
                clients.count(what + ", while it is exchanged");
                return;
            }
            assertThat(expected).contains(choices(response));
            clients.took(what, begin);
            clients.count(what);
        });
    }

    private void health() throws Exception {
        long begin = System.nanoTime();
        int ready = server.get("/health").statusCode();
        clients.took("health", begin);
        // Long texts on a busy machine can keep the threads that read texts for more than ten seconds.
        assertThat(ready).isIn(200, 503);
        clients.count("health, " + ready);
        assertThat(server.get("/health/live").statusCode()).isEqualTo(200);
        Thread.sleep(100);
    }

    private void attack() {
        clients.hostile("half-open", random -> {
            List<RawClient> open = new ArrayList<>();
            try {
                for (int i = 0; i < HALF_OPEN; i++) {
                    open.add(new RawClient(server.address()));
                    open.get(i).send("POST /v1/completions HTTP/1.1\r\nHost: loc".substring(0, random.nextInt(40)));
                }
                Thread.sleep(500);
            } finally {
                for (RawClient client : open) {
                    client.close();
                }
            }
        });
        for (int i = 0; i < 4; i++) {
            clients.hostile("flood", random -> {
                String text = "a ".repeat(random.nextBoolean() ? 100_000 : 450_000);
                assertThat(server.post(TEXT, body("flood", text, 8, false)).statusCode())
                        .isIn(400, 429, 503, 504);
            });
        }
        clients.hostile("long prompt", random -> {
            String text = "a ".repeat(random.nextInt(15_000));
            assertThat(server.post(TEXT, body("flood", text, 8, random.nextBoolean()))
                            .statusCode())
                    .isIn(200, 429, 503, 504);
        });
        clients.hostile("broken chunk", random -> {
            try (RawClient client = new RawClient(server.address())) {
                String begin = RawClient.post(TEXT, "Transfer-Encoding: chunked\r\n", "");
                String answer = client.send(begin + "2\r\n{ \r\n" + (random.nextBoolean() ? "zz\r\n" : "2\r\nabcd"))
                        .answer();
                requireStatus("broken chunk", answer, 400);
                Thread.sleep(20);
            }
        });
        clients.hostile("wrong host", random -> {
            try (RawClient client = new RawClient(server.address())) {
                String request = withLength(body("style", "a", 4, false));
                String answer = client.send(request.replace("Host: localhost", "Host: evil.example"))
                        .answer();
                requireStatus("wrong host", answer, 421);
                Thread.sleep(20);
            }
        });
        clients.hostile("wrong bytes", random -> {
            try (RawClient client = new RawClient(server.address())) {
                byte[] bytes = new byte[1 + random.nextInt(500)];
                random.nextBytes(bytes);
                client.send(bytes).send("\r\n\r\n");
                String unused = client.answer();
                Thread.sleep(20);
            }
        });
        for (int i = 0; i < 8; i++) {
            clients.hostile("slow reader", random -> {
                try (RawClient client = new RawClient(server.address())) {
                    client.send(withLength(body("slow", "the cat", 4000, true)));
                    client.readSlowly(20);
                }
            });
        }
        clients.hostile("slow body", random -> {
            try (RawClient client = new RawClient(server.address())) {
                client.send(RawClient.post(TEXT, "Content-Length: 900000\r\n", "{\"model\": \"flood\""));
                for (int i = 0; i < 20; i++) {
                    client.send(" ".repeat(40_000));
                    Thread.sleep(50);
                }
            }
        });
        clients.hostile("gone", random -> {
            try (RawClient client = new RawClient(server.address())) {
                client.send(withLength(body("slow", "the cat", 4000, random.nextBoolean())));
                Thread.sleep(random.nextInt(300));
            }
        });
    }
}
