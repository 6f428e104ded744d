package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;

/** What a server computes once for several requests, and for whom. */
@Tag("slow")
@MustEnd
class ServeSharedPromptsTest {
    private static final String ONE = "key-of-one-client-1";
    private static final String OTHER = "key-of-other-client-2";
    private static final String TEXT = "/v1/completions";

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path adapters;
    private static Path keys;

    @BeforeAll
    static void write() throws Exception {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        adapters = temp.resolve("adapters");
        for (String name : List.of("style", "support")) {
            RandomAdapters.write(adapters.resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
        }
        keys = Files.writeString(temp.resolve("keys"), ONE + " *\n" + OTHER + " *\n");
    }

    private static RunningServer start(Object... more) throws InterruptedException {
        return RunningServer.start(Cli.words(new Object[] {"--model", model, "--adapters", adapters}, more));
    }

    private static String body(String adapter, String more) {
        return "{\"model\": \"" + adapter + "\", \"prompt\": \"" + "the cat sat on the mat ".repeat(4)
                + "\", \"temperature\": 0, \"max_tokens\": 4" + more + "}";
    }

    /** Returns how many tokens of the prompt were known. */
    private static int cached(RunningServer server, String key, String body) throws Exception {
        HttpResponse<String> response = server.send(server.request(TEXT)
                .header("Authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode usage = RunningServer.json(response).path("usage");
        int cached = usage.at("/prompt_tokens_details/cached_tokens").asInt(-1);
        assertThat(cached).isBetween(0, usage.path("prompt_tokens").asInt() - 1);
        return cached;
    }

    @Test
    void aBeginningIsKnownToTheKeyThatSentIt() throws Exception {
        try (RunningServer server = start("--api-key-file", keys)) {
            String body = body("style", "");
            assertThat(cached(server, ONE, body)).isZero();
            int known = cached(server, ONE, body);
            assertThat(known).isGreaterThan(32).isEqualTo(known / 16 * 16);
            assertThat(cached(server, OTHER, body)).as("another key").isZero();
            assertThat(cached(server, OTHER, body)).isEqualTo(known);
            assertThat(cached(server, ONE, body("support", "")))
                    .as("another adapter")
                    .isZero();
            // The name of a conversation is no key to it.
            String conversation =
                    body("style", ", \"prompt_cache_key\": \"mine\"").replace("the cat", "a cat");
            assertThat(cached(server, ONE, conversation)).isZero();
            assertThat(cached(server, OTHER, conversation)).isZero();
            assertThat(cached(server, ONE, conversation)).isGreaterThan(known);
        }
    }

    @Test
    void keysShareIfTheyAreToldTo() throws Exception {
        try (RunningServer server = start("--api-key-file", keys, "--share-prompts")) {
            String body = body("style", "");
            assertThat(cached(server, ONE, body)).isZero();
            assertThat(cached(server, OTHER, body)).isGreaterThan(32);
        }
    }

    /** A server without keys has one client. */
    @Test
    void figuresSayWhatWasKnown() throws Exception {
        try (RunningServer server = start()) {
            String body = body("style", "");
            int prompt = server.good(TEXT, body).at("/usage/prompt_tokens").asInt();
            assertThat(server.figure("lora_units_reused_total{adapter=\"style\"}"))
                    .isZero();
            assertThat(server.figure("lora_prefixes_bytes")).isPositive();
            // A prompt with several answers counts once.
            JsonNode usage = server.good(TEXT, body("style", ", \"n\": 3")).path("usage");
            int known = usage.at("/prompt_tokens_details/cached_tokens").asInt();
            assertThat(known).isBetween(33, prompt - 16);
            assertThat(usage.path("prompt_tokens").asInt()).isEqualTo(prompt);
            assertThat(server.figure("lora_units_reused_total{adapter=\"style\"}"))
                    .isEqualTo(3.0 * known);
            // Chats say it too, whole and in streams.
            String chat = "{\"model\": \"style\", \"messages\": [{\"role\": \"user\", \"content\": \""
                    + "the cat sat on the mat ".repeat(3) + "\"}], \"max_tokens\": 4";
            JsonNode first = server.good("/v1/chat/completions", chat + "}").path("usage");
            assertThat(first.at("/prompt_tokens_details/cached_tokens").asInt(-1))
                    .isZero();
            String stream = server.post(
                            "/v1/chat/completions",
                            chat + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}}")
                    .body();
            JsonNode last = new ObjectMapper()
                    .readTree(stream.lines()
                            .filter(line -> line.contains("\"usage\":{"))
                            .findFirst()
                            .orElseThrow()
                            .substring("data: ".length()));
            assertThat(last.at("/usage/prompt_tokens_details/cached_tokens").asInt())
                    .isGreaterThan(32);
        }
    }

    @Test
    void nothingIsKeptWithoutMemory() throws Exception {
        try (RunningServer server = start("--max-prefix-memory", 0)) {
            String body = body("style", "");
            JsonNode first = server.good(TEXT, body);
            JsonNode second = server.good(TEXT, body);
            assertThat(second.at("/usage/prompt_tokens_details/cached_tokens").asInt(-1))
                    .isZero();
            assertThat(second.path("choices")).isEqualTo(first.path("choices"));
            assertThat(server.figure("lora_prefixes_bytes")).isZero();
        }
    }

    @Test
    void aNegativeMemoryIsRefused() {
        Cli run = Cli.run(Cli.words(
                new Object[] {"serve", "--model", model, "--adapters", adapters},
                new Object[] {"--max-prefix-memory", -1}));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--max-prefix-memory must be at least 0, found -1");
    }
}
