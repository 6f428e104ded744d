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
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
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
    private static final long SECONDS = Long.getLong("serve.soak.seconds", 20);
    private static final String TEXT = "/v1/completions";
    private static final int HALF_OPEN = 40;

    /** The process has 512 MiB of heap, the native libraries, and the tokens of a million characters. */
    private static final long MOST_MIB = 1400;

    @TempDir
    private Path temp;

    private final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong slowestHealthMillis = new AtomicLong();
    private final AtomicLong slowestAnswerMillis = new AtomicLong();
    private long end;

    @SuppressWarnings("NullAway.Init") // Set before the threads start.
    private ServerProcess server;

    /** What a client does again and again. */
    @FunctionalInterface
    private interface Client {
        void act(SplittableRandom random) throws Exception;
    }

    private void count(String what) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    /** A hostile client does not care what becomes of its connections. */
    private void hostile(String what, Client client) {
        start(what, random -> {
            try {
                client.act(random);
            } catch (IOException e) {
                count(what + ", connection closed");
            }
            count(what);
        });
    }

    /** Under an attack a connection may be closed without an answer. {@link ServeClientsTest} shows the answers without one. */
    private void requireStatus(String what, String answer, int status) {
        if (answer.isEmpty()) {
            count(what + ", no answer");
        } else {
            assertThat(answer).startsWith("HTTP/1.1 " + status);
        }
    }

    private void start(String what, Client client) {
        int number = threads.size();
        Thread thread = new Thread(
                () -> {
                    SplittableRandom random = new SplittableRandom(number);
                    while (System.nanoTime() < end && faults.isEmpty()) {
                        try {
                            client.act(random);
                        } catch (Exception | AssertionError e) {
                            faults.add(what + ": " + e);
                        }
                    }
                },
                what + "-" + number);
        threads.add(thread);
        thread.start();
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
        for (String name : List.of("style", "support", "flood", "slow")) {
            RandomAdapters.write(
                    temp.resolve("chats").resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
        }
        try (ServerProcess started = ServerProcess.start(
                temp.resolve("log"),
                "512m",
                "--model",
                model,
                "--adapters",
                temp.resolve("chats"),
                "--max-connections",
                200,
                "--max-new-tokens",
                4000,
                "--timeout",
                120,
                "--grace",
                1)) {
            server = started;
            Map<String, String> expected = new TreeMap<>();
            for (String name : List.of("style", "support")) {
                expected.put(name, choices(server.post(TEXT, body(name, "the cat", 24, false))));
            }
            long before = server.residentMib("VmRSS");
            end = System.nanoTime() + SECONDS * 1_000_000_000L;
            expected.forEach(this::honest);
            start("health", random -> health());
            attack();
            for (Thread thread : threads) {
                thread.join();
            }
            report(before);
            assertThat(faults).isEmpty();
            assertThat(counts).containsKeys("honest style", "honest support");
            assertThat(server.isAlive()).as(server.log()).isTrue();
            Patience.await(this::isIdle);
            for (Map.Entry<String, String> one : expected.entrySet()) {
                assertThat(choices(server.post(TEXT, body(one.getKey(), "the cat", 24, false))))
                        .isEqualTo(one.getValue());
            }
            assertThat(server.residentMib("VmHWM")).isLessThan(MOST_MIB);
            assertThat(server.log()).doesNotContain("ERROR", "OutOfMemory", "panic");
        }
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

    private void honest(String adapter, String expected) {
        start("honest " + adapter, random -> {
            long begin = System.nanoTime();
            HttpResponse<String> response = server.post(TEXT, body(adapter, "the cat", 24, false));
            if (response.statusCode() == 503) {
                // The server says that it is busy, and when to come again.
                count("honest " + adapter + ", told to come again");
                assertThat(response.headers().firstValue("Retry-After")).isPresent();
                Thread.sleep(100);
                return;
            }
            assertThat(choices(response)).isEqualTo(expected);
            slowestAnswerMillis.accumulateAndGet((System.nanoTime() - begin) / 1_000_000, Math::max);
            count("honest " + adapter);
        });
    }

    private void health() throws Exception {
        long begin = System.nanoTime();
        assertThat(server.get("/health").statusCode()).isEqualTo(200);
        slowestHealthMillis.accumulateAndGet((System.nanoTime() - begin) / 1_000_000, Math::max);
        count("health");
        Thread.sleep(100);
    }

    private void attack() {
        hostile("half-open", random -> {
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
            hostile("flood", random -> {
                String text = "a ".repeat(random.nextBoolean() ? 100_000 : 450_000);
                assertThat(server.post(TEXT, body("flood", text, 8, false)).statusCode())
                        .isIn(400, 429, 503, 504);
            });
        }
        hostile("long prompt", random -> {
            String text = "a ".repeat(random.nextInt(15_000));
            assertThat(server.post(TEXT, body("flood", text, 8, random.nextBoolean()))
                            .statusCode())
                    .isIn(200, 429, 503, 504);
        });
        hostile("broken chunk", random -> {
            try (RawClient client = new RawClient(server.address())) {
                String begin = RawClient.post(TEXT, "Transfer-Encoding: chunked\r\n", "");
                String answer = client.send(begin + "2\r\n{ \r\n" + (random.nextBoolean() ? "zz\r\n" : "2\r\nabcd"))
                        .answer();
                requireStatus("broken chunk", answer, 400);
                Thread.sleep(20);
            }
        });
        hostile("wrong host", random -> {
            try (RawClient client = new RawClient(server.address())) {
                String request = withLength(body("style", "a", 4, false));
                String answer = client.send(request.replace("Host: localhost", "Host: evil.example"))
                        .answer();
                requireStatus("wrong host", answer, 421);
                Thread.sleep(20);
            }
        });
        hostile("wrong bytes", random -> {
            try (RawClient client = new RawClient(server.address())) {
                byte[] bytes = new byte[1 + random.nextInt(500)];
                random.nextBytes(bytes);
                client.send(bytes).send("\r\n\r\n");
                String unused = client.answer();
                Thread.sleep(20);
            }
        });
        for (int i = 0; i < 8; i++) {
            hostile("slow reader", random -> {
                try (RawClient client = new RawClient(server.address())) {
                    client.send(withLength(body("slow", "the cat", 4000, true)));
                    client.readSlowly(20);
                }
            });
        }
        hostile("slow body", random -> {
            try (RawClient client = new RawClient(server.address())) {
                client.send(RawClient.post(TEXT, "Content-Length: 900000\r\n", "{\"model\": \"flood\""));
                for (int i = 0; i < 20; i++) {
                    client.send(" ".repeat(40_000));
                    Thread.sleep(50);
                }
            }
        });
        hostile("gone", random -> {
            try (RawClient client = new RawClient(server.address())) {
                client.send(withLength(body("slow", "the cat", 4000, random.nextBoolean())));
                Thread.sleep(random.nextInt(300));
            }
        });
    }

    private void report(long before) throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("seconds: ").append(SECONDS).append('\n');
        new TreeMap<>(counts).forEach((what, count) -> text.append(what + ": " + count + "\n"));
        text.append("slowest health, ms: ").append(slowestHealthMillis).append('\n');
        text.append("slowest honest answer, ms: ").append(slowestAnswerMillis).append('\n');
        text.append("resident before, after, at most, MiB: " + before + ", " + server.residentMib("VmRSS") + ", "
                + server.residentMib("VmHWM") + "\n");
        faults.forEach(fault -> text.append("fault: ").append(fault).append('\n'));
        Files.writeString(Path.of("target", "serve-soak.txt"), text);
    }
}
