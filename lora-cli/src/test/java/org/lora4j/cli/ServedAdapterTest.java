package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.KnownAdapter;
import org.lora4j.io.peft.PeftAdapters;

/** Each endpoint of the server uses the adapter that a request names, and says which one it was. */
class ServedAdapterTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
    private static final String EMBED = "/v1/embeddings";

    @TempDir
    private Path temp;

    private static String chat(String model, boolean stream) {
        return """
                {"model": "%s", "messages": [{"role": "user", "content": "the cat?"}], "temperature": 0,
                 "max_tokens": 12, "stream": %s}
                """.formatted(model, stream);
    }

    private static String text(String model) {
        return """
                {"model": "%s", "prompt": "the cat", "temperature": 0, "max_tokens": 12}
                """.formatted(model);
    }

    private static String embed(String model) {
        return """
                {"model": "%s", "input": "the cat"}
                """.formatted(model);
    }

    private static void assertSays(HttpResponse<String> response, String name, Path adapter) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().allValues("x-lora-adapter")).containsExactly(name);
        assertThat(response.headers().allValues("x-lora-fingerprint"))
                .containsExactly(PeftAdapters.load(adapter).fingerprint());
    }

    private static void assertSaysNothing(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().map()).doesNotContainKeys("x-lora-adapter", "x-lora-fingerprint");
    }

    /** The text of an answer, or of all events. */
    private static String content(HttpResponse<String> response) throws Exception {
        StringBuilder text = new StringBuilder();
        for (String line : response.body().lines().toList()) {
            String json = line.startsWith("data: ") ? line.substring("data: ".length()) : line;
            if (json.startsWith("{")) {
                JsonNode choice = new ObjectMapper().readTree(json).at("/choices/0");
                text.append(choice.at("/message/content").asText())
                        .append(choice.at("/delta/content").asText(""))
                        .append(choice.path("text").asText());
            }
        }
        return text.toString();
    }

    @Tag("slow")
    @Test
    void textIsThatOfTheModelWithTheUpdateInItsWeight() throws Exception {
        Path llama = SmallModels.llama(temp.resolve("llama"), 1);
        Path adapters = temp.resolve("chats");
        // Letters outside of ASCII, a space and a percent sign cannot be in a header as they are.
        List<String> names = List.of("known", "zw\u00f6lf 100%");
        for (int i = 0; i < names.size(); i++) {
            KnownAdapter.write(
                    llama, adapters.resolve(names.get(i)), temp.resolve("changed" + i), "self_attn.q_proj", i);
        }
        RunningServer server = RunningServer.start("--model", llama, "--adapters", adapters, "--allow-base");
        try {
            HttpResponse<String> base = server.post(CHAT, chat("llama", false));
            assertSaysNothing(base);
            assertSaysNothing(server.post(CHAT, chat("llama", true)));
            for (int i = 0; i < names.size(); i++) {
                String header = List.of("known", "zw%C3%B6lf%20100%25").get(i);
                Path adapter = adapters.resolve(names.get(i));
                HttpResponse<String> whole = server.post(CHAT, chat(names.get(i), false));
                assertSays(whole, header, adapter);
                String expected = Cli.good(
                                "generate",
                                "--model",
                                temp.resolve("changed" + i),
                                "--prompt",
                                "the cat?",
                                "--max-new-tokens",
                                12,
                                "--json")
                        .json()
                        .path("text")
                        .asText();
                assertThat(content(whole)).isEqualTo(expected).isNotEqualTo(content(base));
                HttpResponse<String> stream = server.post(CHAT, chat(names.get(i), true));
                assertSays(stream, header, adapter);
                assertThat(content(stream)).isEqualTo(expected);
                HttpResponse<String> completion = server.post(TEXT, text(names.get(i)));
                assertSays(completion, header, adapter);
                assertThat(content(completion)).isNotEqualTo(content(server.post(TEXT, text("llama"))));
            }
            assertThat(server.post(CHAT, chat("known\\nx-evil: 1", false)).statusCode())
                    .isEqualTo(404);
            assertThat(server.post(CHAT, chat("known\\r\\nx-evil: 1", true))
                            .headers()
                            .map())
                    .doesNotContainKey("x-evil");
            assertThat(server.get("/metrics").body())
                    .contains("fingerprint=\""
                            + PeftAdapters.load(adapters.resolve("known")).fingerprint() + "\"");
        } finally {
            assertThat(server.stop()).isZero();
        }
    }

    @Test
    void embeddingsAreThoseOfTheModelWithTheUpdateInItsWeight() throws Exception {
        Path bert = SmallModels.bert(temp.resolve("bert"), 2);
        Path adapter = temp.resolve("searches").resolve("known");
        Path changed = temp.resolve("changed");
        KnownAdapter.write(bert, adapter, changed, "attention.self.query", 3);
        double[] expected;
        RunningServer other = RunningServer.start("--model", changed, "--allow-base");
        try {
            expected = vector(other.post(EMBED, embed("changed")));
        } finally {
            assertThat(other.stop()).isZero();
        }
        RunningServer server =
                RunningServer.start("--model", bert, "--adapters", temp.resolve("searches"), "--allow-base");
        try {
            HttpResponse<String> base = server.post(EMBED, embed("bert"));
            assertSaysNothing(base);
            HttpResponse<String> known = server.post(EMBED, embed("known"));
            assertSays(known, "known", adapter);
            assertThat(vector(known)).containsExactly(expected, within(1e-5));
            assertThat(vector(base)[0]).isNotCloseTo(expected[0], within(1e-4));
        } finally {
            assertThat(server.stop()).isZero();
        }
    }

    private static double[] vector(HttpResponse<String> response) throws Exception {
        JsonNode numbers = RunningServer.json(response).at("/data/0/embedding");
        double[] vector = new double[numbers.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = numbers.path(i).asDouble();
        }
        return vector;
    }
}
