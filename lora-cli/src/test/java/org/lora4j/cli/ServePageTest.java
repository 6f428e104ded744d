package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page of the server: what is sent to a browser, and to whom. */
class ServePageTest {
    @TempDir
    static Path temp;

    private static Path llama;

    @BeforeAll
    static void create() throws Exception {
        llama = SmallModels.llama(temp.resolve("llama"), 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/page/page.css", "/page/page.js", "/page/try.js", "/page/job.js", "/page/rows.js"})
    void aBrowserReadsNothingFromElsewhere(String path) throws Exception {
        try (RunningServer server = RunningServer.start("--model", llama, "--allow-base", "--page")) {
            HttpResponse<String> page = server.get(path);
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                    .contains("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'");
            assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
            assertThat(page.body())
                    .doesNotContain("http://", "https://", "innerHTML", "outerHTML", "insertAdjacent", "eval(");
            assertThat(server.post(path, "{}").statusCode()).isEqualTo(405);
        }
    }

    @Test
    void thePageKnowsWhatTheServerAnswers() throws Exception {
        try (RunningServer server = RunningServer.start("--model", llama, "--allow-base", "--page")) {
            assertThat(server.get("/").body())
                    .contains("/v1/completions")
                    .contains("name=\"lora-keys\" content=\"false\"")
                    .doesNotContain("{paths}");
        }
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        try (RunningServer server = RunningServer.start("--model", bert, "--allow-base", "--page")) {
            assertThat(server.get("/").body())
                    .contains("/v1/classify /v1/embeddings /v1/rerank")
                    .doesNotContain("/v1/completions");
        }
    }

    /** An object of JavaScript has a value for constructor and toString, and takes __proto__ for something else. */
    @Test
    void adaptersMayHaveNamesThatJavaScriptUses() throws Exception {
        Path adapters = temp.resolve("adapters");
        for (String name : List.of("constructor", "__proto__", "toString")) {
            RandomAdapters.write(adapters.resolve(name), "model.layers", "self_attn.q_proj", 1);
        }
        try (RunningServer server = RunningServer.start("--model", llama, "--adapters", adapters, "--page")) {
            for (String name : List.of("constructor", "__proto__", "toString")) {
                server.good(
                        "/v1/completions", "{\"model\": \"" + name + "\", \"prompt\": \"the cat\", \"max_tokens\": 2}");
            }
            // Nothing is looked up in an object by a name.
            assertThat(server.get("/page/tasks.js").body())
                    .contains("conversations.get(model)", "conversations.set(model,")
                    .doesNotContainPattern("\\[(model|name)\\]");
        }
    }

    /** Each script is there with all that it loads. */
    @Test
    void thePageIsWhole() throws Exception {
        Pattern name = Pattern.compile("(?:src=\"page/|href=\"page/|from '\\./)([a-z.]+)");
        try (RunningServer server = RunningServer.start("--model", llama, "--allow-base", "--page")) {
            Set<String> seen = new TreeSet<>();
            Deque<String> parts = new ArrayDeque<>(List.of("/"));
            while (!parts.isEmpty()) {
                String path = parts.remove();
                HttpResponse<String> part = server.get(path);
                assertThat(part.statusCode()).as(path).isEqualTo(200);
                name.matcher(part.body())
                        .results()
                        .map(found -> "/page/" + found.group(1))
                        .filter(seen::add)
                        .forEach(parts::add);
            }
            assertThat(seen).contains("/page/page.css", "/page/page.js", "/page/job.js", "/page/chart.js");
        }
    }

    /** The page asks, with its key, what it can train. */
    @Test
    void thePartThatTrainsIsForServersAndKeysThatTrain() throws Exception {
        Path keys = Files.writeString(temp.resolve("train-keys"), "0123456789abcdef train=yes *\n0123456789abcdeg *\n");
        try (RunningServer server = RunningServer.start(
                "--model", llama, "--page", "--train", temp.resolve("train"), "--api-key-file", keys)) {
            assertThat(server.get("/").body()).contains("name=\"lora-trains\" content=\"true\"");
            String methods = "/v1/fine_tuning/methods";
            assertThat(server.get(methods).statusCode()).isEqualTo(401);
            HttpResponse<String> other = server.send(server.request(methods)
                    .header("Authorization", "Bearer 0123456789abcdeg")
                    .build());
            assertThat(other.statusCode()).isEqualTo(403);
            HttpResponse<String> own = server.send(server.request(methods)
                    .header("Authorization", "Bearer 0123456789abcdef")
                    .build());
            assertThat(own.body())
                    .startsWith(
                            "{\"object\":\"fine_tuning.methods\",\"model\":\"llama\",\"methods\":[\"supervised\",\"dpo\"");
        }
        try (RunningServer server = RunningServer.start("--model", llama, "--allow-base", "--page")) {
            assertThat(server.get("/").body()).contains("name=\"lora-trains\" content=\"false\"");
        }
    }

    @Test
    void withoutTheOptionThereIsNoPage() throws Exception {
        try (RunningServer server = RunningServer.start("--model", llama, "--allow-base")) {
            assertThat(server.get("/").statusCode()).isEqualTo(404);
            assertThat(server.get("/page/page.js").statusCode()).isEqualTo(404);
        }
    }

    /** The page itself is no secret, and a browser cannot send a key with an address. What it asks for needs the key. */
    @Test
    void thePageAsksForTheKey() throws Exception {
        Path keys = Files.writeString(temp.resolve("keys"), "0123456789abcdef *\n");
        try (RunningServer server =
                RunningServer.start("--model", llama, "--allow-base", "--page", "--api-key-file", keys)) {
            HttpResponse<String> page = server.get("/");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body())
                    .contains("name=\"lora-keys\" content=\"true\"")
                    .doesNotContain("0123456789abcdef");
            assertThat(server.get("/v1/models").statusCode()).isEqualTo(401);
        }
    }
}
