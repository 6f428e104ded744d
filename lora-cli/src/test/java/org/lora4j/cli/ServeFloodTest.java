package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;

/** Floods of long texts against a server with a small heap, in a process of its own. */
@Tag("slow")
@MustEnd
class ServeFloodTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final int CLIENTS = 60;

    /** The process has 512 MiB of heap, the native libraries, and the tokens of a million characters. */
    private static final long MOST_MIB = 1400;

    @TempDir
    private Path temp;

    /** A model that takes long texts, so that they are turned into tokens before they are refused. */
    private Path model(int positions) throws Exception {
        Path model = SmallModels.llama(temp.resolve("llama"), 1);
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": " + positions));
        for (String name : List.of("style", "support")) {
            RandomAdapters.write(
                    temp.resolve("chats").resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
        }
        return model;
    }

    private static String chat(String adapter, String text) {
        return "{\"model\": \"" + adapter + "\", \"messages\": [{\"role\": \"user\", \"content\": \"" + text
                + "\"}], \"temperature\": 0, \"max_tokens\": 8}";
    }

    @Test
    void longTextsOfManyClientsEndNeitherTheServerNorItsMemory() throws Exception {
        Path log = temp.resolve("log");
        try (ServerProcess server = ServerProcess.start(
                log,
                "512m",
                "--model",
                model(100_000),
                "--adapters",
                temp.resolve("chats"),
                "--max-body",
                1100,
                "--timeout",
                3600)) {
            String expected = answer(server);
            List<Integer> statuses = new ArrayList<>();
            for (int characters : new int[] {200_000, 1_000_000, 1_000_000}) {
                statuses.addAll(flood(server, chat("style", "a ".repeat(characters / 2))));
                assertThat(server.isAlive()).as(server.log()).isTrue();
                assertThat(server.get("/health").statusCode()).isEqualTo(200);
                assertThat(answer(server)).isEqualTo(expected);
            }
            // Too many tokens, or too many at a time.
            assertThat(statuses).hasSize(3 * CLIENTS).isSubsetOf(400, 429, 503).contains(400);
            long resident = server.residentMib("VmHWM");
            Files.writeString(
                    Path.of("target", "serve-flood.txt"),
                    "resident at most, MiB: " + resident + ", statuses: "
                            + statuses.stream()
                                    .collect(Collectors.groupingBy(s -> s, TreeMap::new, Collectors.counting()))
                            + "\n");
            assertThat(resident).isLessThan(MOST_MIB);
            assertThat(server.log()).doesNotContain("ERROR", "OutOfMemory", "panic");
        }
    }

    /** Whole answers and streams of all that a request can ask for, of more clients than the memory of answers holds. */
    @Test
    void logProbabilitiesOfManyClientsEndNeitherTheServerNorItsMemory() throws Exception {
        String heavy =
                "{\"model\": \"style\", \"messages\": [{\"role\": \"user\", \"content\": \"the cat\"}], \"logprobs\": true,"
                        + " \"top_logprobs\": 20, \"n\": %s, \"max_tokens\": 300, \"logit_bias\": {\"257\": -100}, \"stream\": %s}";
        Path log = temp.resolve("log");
        try (ServerProcess server = ServerProcess.start(
                log,
                "256m",
                "--model",
                model(4096),
                "--adapters",
                temp.resolve("chats"),
                "--max-requests",
                40,
                "--timeout",
                3600)) {
            String expected = answer(server);
            // 300 tokens of 64 texts with 22 times 128 bytes are more than an eighth of the heap.
            HttpResponse<String> alone = server.post(CHAT, heavy.formatted(64, false));
            assertThat(alone.statusCode()).as(alone.body()).isEqualTo(503);
            assertThat(alone.body()).contains("the log probabilities of answers fill the memory for answers");
            List<Integer> statuses = new ArrayList<>();
            for (boolean isStream : new boolean[] {false, true}) {
                statuses.addAll(flood(server, heavy.formatted(8, isStream)));
                assertThat(server.isAlive()).as(server.log()).isTrue();
            }
            assertThat(statuses).isSubsetOf(200, 429, 503).contains(200);
            assertThat(answer(server)).isEqualTo(expected);
            assertThat(server.log()).doesNotContain("ERROR", "OutOfMemory");
        }
    }

    private static String answer(ServerProcess server) throws Exception {
        HttpResponse<String> response = server.post(CHAT, chat("support", "the cat?"));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body().replaceAll("(?s).*\"choices\":", "").replaceAll("\"usage\".*", "");
    }

    private static List<Integer> flood(ServerProcess server, String body) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                all.add(threads.submit(() -> server.post(CHAT, body).statusCode()));
            }
            List<Integer> statuses = new ArrayList<>();
            for (Future<Integer> one : all) {
                statuses.add(one.get());
            }
            return statuses;
        } finally {
            threads.shutdownNow();
        }
    }
}
