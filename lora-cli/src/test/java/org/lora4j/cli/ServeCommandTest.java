package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.Patience;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The server, over real HTTP. */
class ServeCommandTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
    private static final String EMBED = "/v1/embeddings";

    @TempDir
    private static Path temp;

    private static Path llama;
    private static Path endless;
    private static Path bert;
    private static RunningServer decoder;
    private static RunningServer encoder;

    @BeforeAll
    static void start() throws Exception {
        llama = SmallModels.llama(temp.resolve("llama"), 1);
        endless = SmallModels.llama(temp.resolve("endless"), 1);
        Path config = endless.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 100000")
                        .replace(", \"eos_token_id\": 257", ""));
        Path tokens = endless.resolve("tokenizer_config.json");
        Files.writeString(tokens, Files.readString(tokens).replace("\"eos_token\": \"<|im_end|>\", ", ""));
        bert = SmallModels.bert(temp.resolve("bert"), 2);
        for (String name : List.of("support", "style")) {
            RandomAdapters.write(
                    temp.resolve("chats").resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
            RandomAdapters.write(
                    temp.resolve("searches").resolve(name), "encoder.layer", "attention.self.query", name.hashCode());
        }
        Path broken = temp.resolve("chats").resolve("broken");
        RandomAdapters.write(broken, "model.layers", "self_attn.no_such_proj", 3);
        decoder = RunningServer.start(
                "--model", llama, "--adapters", temp.resolve("chats"), "--allow-base", "--max-body", 8);
        encoder = RunningServer.start(
                "--model", bert, "--adapters", temp.resolve("searches"), "--max-waiting", 4, "--max-tokens", 8);
    }

    @AfterAll
    static void stop() {
        // In reverse order, because each restores the native threads that it found.
        assertThat(encoder.stop()).isZero();
        assertThat(decoder.stop()).isZero();
    }

    private static String chat(String adapter, String more) {
        return """
                {"model": "%s", "messages": [{"role": "user", "content": "the cat?"}], "temperature": 0,
                 "max_tokens": 12 %s}
                """.formatted(adapter, more);
    }

    private static String text(String adapter, String more) {
        return """
                {"model": "%s", "prompt": "the cat", "temperature": 0, "max_tokens": 12 %s}
                """.formatted(adapter, more);
    }

    /** The data of the events of a stream. */
    private static List<String> events(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
        return response.body()
                .lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.substring("data: ".length()))
                .toList();
    }

    @Test
    void listsTheAdaptersAndTheBaseIfItIsAllowed() throws Exception {
        JsonNode list = RunningServer.json(decoder.get("/v1/models"));
        assertThat(list.path("object").asText()).isEqualTo("list");
        assertThat(list.path("data").findValuesAsText("id")).containsExactly("broken", "llama", "style", "support");
        assertThat(list.path("data").path(0).path("created").asLong()).isGreaterThan(1_600_000_000L);
        assertThat(RunningServer.json(encoder.get("/v1/models")).path("data").findValuesAsText("id"))
                .containsExactly("style", "support");
        assertThat(RunningServer.json(decoder.get("/v1/models/style"))
                        .path("id")
                        .asText())
                .isEqualTo("style");
        assertThat(decoder.get("/v1/models/nobody").statusCode()).isEqualTo(404);
        for (String health : List.of("/health", "/health/ready", "/health/live")) {
            assertThat(decoder.get(health).body()).isEqualTo("{\"status\":\"ok\"}");
        }
    }

    /** What is listed is what a request may name. */
    @Test
    void foldersWhoseNamesAreRefusedAreNotListed() throws Exception {
        Path folder = temp.resolve("names");
        List<String> refused = List.of(".hidden", "__base__", "con", "a:b", "dot.", "cafe\u0301", "x".repeat(130));
        for (String name : refused) {
            RandomAdapters.write(folder.resolve(name), "model.layers", "self_attn.q_proj", 1);
        }
        for (String name : List.of("good", "very good")) {
            RandomAdapters.write(folder.resolve(name), "model.layers", "self_attn.q_proj", 1);
        }
        try (RunningServer server = RunningServer.start("--model", llama, "--adapters", folder)) {
            List<String> names =
                    RunningServer.json(server.get("/v1/models")).path("data").findValuesAsText("id");
            assertThat(names).containsExactly("good", "very good");
            for (String name : names) {
                server.good(TEXT, text(name, ""));
            }
            for (String name : refused) {
                assertThat(server.post(TEXT, text(name, "")).statusCode()).isEqualTo(404);
            }
        }
    }

    /** True also where the file system takes them for one folder. */
    @Test
    void foldersThatDifferOnlyInCaseAreNeitherListedNorServed() throws Exception {
        Path folder = temp.resolve("case");
        for (String name : List.of("nine", "other")) {
            RandomAdapters.write(folder.resolve(name), "model.layers", "self_attn.q_proj", 1);
        }
        try (RunningServer server = RunningServer.start("--model", llama, "--adapters", folder)) {
            assertThat(listed(server)).containsExactly("nine", "other");
            server.good(TEXT, text("nine", ""));
            RandomAdapters.write(folder.resolve("Nine"), "model.layers", "self_attn.q_proj", 2);
            try (Stream<Path> all = Files.list(folder)) {
                assertThat(listed(server)).hasSize(all.count() == 3 ? 1 : 2).contains("other");
            }
            for (String name : List.of("nine", "Nine", "NINE", "other")) {
                int expected = listed(server).contains(name) ? 200 : 404;
                assertThat(server.post(TEXT, text(name, "")).statusCode())
                        .as(name)
                        .isEqualTo(expected);
                assertThat(server.get("/v1/models/" + name).statusCode()).isEqualTo(expected);
            }
            for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "")) {
                Files.deleteIfExists(folder.resolve("Nine").resolve(file));
            }
            for (String name : List.of("nine", "Nine")) {
                assertThat(server.post(TEXT, text(name, "")).statusCode())
                        .isEqualTo(listed(server).contains(name) ? 200 : 404);
            }
        }
    }

    private static List<String> listed(RunningServer server) throws Exception {
        return RunningServer.json(server.get("/v1/models")).path("data").findValuesAsText("id");
    }

    @Test
    void aPathOfAnotherTaskIsExplained() throws Exception {
        for (String path : List.of("/classify", "/v1/classify", "/v1/rerank", "/v2/rerank", EMBED)) {
            HttpResponse<String> response = decoder.post(path, "{\"model\": \"style\"}");
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body())
                    .contains("found 'style', which generates text; use /v1/chat/completions", "wrong_task");
        }
    }

    @Test
    void eachRequestHasALineIfItIsAskedFor() throws Exception {
        Path keys =
                Files.writeString(temp.resolve("logged-keys"), "key-of-the-shop-1 name=shop *\nkey-of-nobody-22 *\n");
        try (RunningServer server = RunningServer.start(
                "--model", llama, "--adapters", temp.resolve("chats"), "--access-log", "--api-key-file", keys)) {
            HttpRequest.Builder request = server.request(TEXT).header("Authorization", "Bearer key-of-the-shop-1");
            server.send(request.POST(HttpRequest.BodyPublishers.ofString(text("style", "")))
                    .build());
            server.post(TEXT, text("style", ""));
            Patience.await(() -> server.out().contains("status=401"));
            assertThat(server.out())
                    .containsPattern(
                            "\\d{4}-\\d\\d-\\d\\dT\\S+ key=shop adapter='style' POST /v1/completions status=200 ms=\\d+"
                                    + " prompt_tokens=[1-9]\\d* new_tokens=[1-9]\\d*")
                    .containsPattern(
                            "key=- adapter=- POST /v1/completions status=401 ms=\\d+ prompt_tokens=0 new_tokens=0")
                    .doesNotContain("key-of-the-shop-1")
                    .doesNotContain("the cat");
        }
    }

    @Test
    void aKeyHasItsLimits() throws Exception {
        Path keys = Files.writeString(
                temp.resolve("limited-keys"), "key-with-few-tokens tokens=5 *\nkey-with-no-limits *\n");
        try (RunningServer server =
                RunningServer.start("--model", llama, "--adapters", temp.resolve("chats"), "--api-key-file", keys)) {
            assertThat(status(server, "key-with-few-tokens")).isEqualTo(200);
            // The first one took more than those of a minute.
            assertThat(status(server, "key-with-few-tokens")).isEqualTo(429);
            assertThat(status(server, "key-with-no-limits")).isEqualTo(200);
        }
    }

    private static int status(RunningServer server, String key) throws Exception {
        return server.send(server.request(TEXT)
                        .header("Authorization", "Bearer " + key)
                        .POST(HttpRequest.BodyPublishers.ofString(text("style", "")))
                        .build())
                .statusCode();
    }

    @Test
    void aNameInAPathIsDecoded() throws Exception {
        for (String name : List.of("a b", "100%", "\u00e9")) {
            Path adapter = temp.resolve("chats").resolve(name);
            RandomAdapters.write(adapter, "model.layers", "self_attn.q_proj", 4);
            try {
                String path = URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
                HttpResponse<String> response = decoder.get("/v1/models/" + path);
                assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
                assertThat(RunningServer.json(response).path("id").asText()).isEqualTo(name);
            } finally {
                for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "")) {
                    Files.delete(adapter.resolve(file));
                }
            }
        }
        assertThat(decoder.get("/v1/models/%FF").statusCode()).isEqualTo(400);
        assertThat(decoder.get("/v1/models/a%2Fb").statusCode()).isEqualTo(400);
    }

    @Test
    void adaptersAndBaseAnswerAsTheCommandGenerateDoes() throws Exception {
        List<String> all = new ArrayList<>();
        for (String name : List.of("llama", "support", "style")) {
            JsonNode answer = decoder.good(CHAT, chat(name, ""));
            List<Object> words = new ArrayList<>(
                    List.of("generate", "--model", llama, "--prompt", "the cat?", "--max-new-tokens", 12, "--json"));
            if (!name.equals("llama")) {
                words.addAll(List.of("--adapter", temp.resolve("chats").resolve(name)));
            }
            JsonNode expected = Cli.good(words.toArray()).json();
            JsonNode choice = answer.path("choices").path(0);
            assertThat(choice.at("/message/content").asText())
                    .isEqualTo(expected.path("text").asText());
            assertThat(choice.at("/message/role").asText()).isEqualTo("assistant");
            assertThat(choice.path("finish_reason").asText())
                    .isEqualToIgnoringCase(expected.path("finish").asText());
            assertThat(answer.at("/usage/prompt_tokens").asInt())
                    .isEqualTo(expected.path("promptTokens").asInt());
            assertThat(answer.at("/usage/completion_tokens").asInt())
                    .isEqualTo(expected.path("tokens").asInt());
            assertThat(answer.at("/usage/total_tokens").asInt())
                    .isEqualTo(expected.path("promptTokens").asInt()
                            + expected.path("tokens").asInt());
            assertThat(answer.path("model").asText()).isEqualTo(name);
            assertThat(answer.path("object").asText()).isEqualTo("chat.completion");
            all.add(choice.at("/message/content").asText());
        }
        assertThat(all).doesNotHaveDuplicates();
    }

    @Test
    void aStreamHasTheSameTextAndUsageAsTheWholeAnswer() throws Exception {
        JsonNode whole = decoder.good(CHAT, chat("support", ""));
        List<String> events = events(decoder.post(
                CHAT, chat("support", ", \"stream\": true, \"stream_options\": {\"include_usage\": true}")));
        assertThat(events).last().isEqualTo("[DONE]");
        List<JsonNode> parts = new ArrayList<>();
        for (String event : events.subList(0, events.size() - 1)) {
            parts.add(new ObjectMapper().readTree(event));
        }
        StringBuilder text = new StringBuilder();
        parts.forEach(part -> text.append(part.at("/choices/0/delta/content").asText("")));
        assertThat(text.toString())
                .isEqualTo(whole.at("/choices/0/message/content").asText());
        assertThat(parts.get(0).at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        assertThat(parts.get(0).path("object").asText()).isEqualTo("chat.completion.chunk");
        assertThat(parts.get(0).get("usage").isNull()).isTrue();
        JsonNode last = parts.get(parts.size() - 2);
        assertThat(last.at("/choices/0/finish_reason").asText())
                .isEqualTo(whole.at("/choices/0/finish_reason").asText());
        assertThat(parts.get(parts.size() - 1).path("choices")).isEmpty();
        assertThat(parts.get(parts.size() - 1).path("usage")).isEqualTo(whole.path("usage"));
        assertThat(parts.stream().map(part -> part.path("id").asText()))
                .containsOnly(parts.get(0).path("id").asText());
    }

    @Test
    void completionsTakeTextAndTokens() throws Exception {
        JsonNode ofText = decoder.good(TEXT, text("style", ""));
        String expected = Cli.good(
                        "generate",
                        "--model",
                        llama,
                        "--adapter",
                        temp.resolve("chats/style"),
                        "--raw",
                        "--prompt",
                        "the cat",
                        "--max-new-tokens",
                        12,
                        "--json")
                .json()
                .path("text")
                .asText();
        assertThat(ofText.at("/choices/0/text").asText()).isEqualTo(expected);
        assertThat(ofText.path("object").asText()).isEqualTo("text_completion");
        List<Integer> ids = new ArrayList<>();
        try (var tokenizer = org.lora4j.text.tokens.Tokenizer.load(llama)) {
            for (int id : tokenizer.encode("the cat").ids()) {
                ids.add(id);
            }
        }
        JsonNode ofTokens = decoder.good(TEXT, text("style", "").replace("\"the cat\"", ids.toString()));
        assertThat(ofTokens.path("choices")).isEqualTo(ofText.path("choices"));
        List<String> events = events(decoder.post(TEXT, text("style", ", \"stream\": true")));
        StringBuilder streamed = new StringBuilder();
        for (String event : events.subList(0, events.size() - 1)) {
            streamed.append(
                    new ObjectMapper().readTree(event).at("/choices/0/text").asText());
        }
        assertThat(streamed.toString()).isEqualTo(expected);
    }

    @Test
    void aStopTextEndsTheAnswerBeforeIt() throws Exception {
        String whole =
                decoder.good(TEXT, text("style", "")).at("/choices/0/text").asText();
        int middle = whole.offsetByCodePoints(0, whole.codePointCount(0, whole.length()) / 2);
        String stop = whole.substring(middle);
        String quoted = new ObjectMapper().writeValueAsString(List.of("not in it", stop));
        JsonNode cut = decoder.good(TEXT, text("style", ", \"stop\": " + quoted));
        assertThat(cut.at("/choices/0/text").asText()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(cut.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(decoder.good(TEXT, text("style", ""))
                        .at("/choices/0/finish_reason")
                        .asText())
                .isEqualTo("length");
    }

    @Test
    void aSeedDecidesTheDraws() throws Exception {
        String first = drawn(1);
        assertThat(drawn(1)).isEqualTo(first);
        assertThat(drawn(2)).isNotEqualTo(first);
    }

    private static String drawn(int seed) throws Exception {
        String body = text("style", ", \"top_p\": 0.9, \"seed\": " + seed)
                .replace("\"temperature\": 0", "\"temperature\": 1.5");
        return decoder.good(TEXT, body).at("/choices/0/text").asText();
    }

    @Test
    void embeddingsAreThoseOfTheCommandEmbed() throws Exception {
        Path texts = temp.resolve("texts.csv");
        Files.writeString(texts, "text\nthe cat purrs\nthe ship sails on the sea\n");
        Path vectors = temp.resolve("vectors.jsonl");
        Cli.good(
                "embed",
                "--model",
                bert,
                "--adapter",
                temp.resolve("searches/support"),
                "--data",
                texts,
                "--output",
                vectors);
        JsonNode answer = encoder.good(
                EMBED, "{\"model\": \"support\", \"input\": [\"the cat purrs\", \"the ship sails on the sea\"]}");
        List<String> lines = Files.readAllLines(vectors);
        for (int i = 0; i < 2; i++) {
            JsonNode expected = new ObjectMapper().readTree(lines.get(i)).path("embedding");
            JsonNode found = answer.path("data").path(i).path("embedding");
            assertThat(found).hasSize(SmallModels.WIDTH);
            for (int j = 0; j < found.size(); j++) {
                assertThat(found.path(j).asDouble()).isCloseTo(expected.path(j).asDouble(), within(1e-5));
            }
        }
        // With the two special tokens.
        assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(5 + 8);

        JsonNode one = encoder.good(EMBED, "{\"model\": \"support\", \"input\": \"the cat purrs\"}");
        JsonNode ids = encoder.good(EMBED, "{\"model\": \"support\", \"input\": [1, 4, 5, 6, 2]}");
        JsonNode lists = encoder.good(EMBED, "{\"model\": \"support\", \"input\": [[1, 4, 5, 6, 2]]}");
        assertThat(ids).isEqualTo(one);
        assertThat(lists).isEqualTo(one);
        JsonNode other = encoder.good(EMBED, "{\"model\": \"style\", \"input\": \"the cat purrs\"}");
        assertThat(other.path("data")).isNotEqualTo(one.path("data"));

        JsonNode coded = encoder.good(
                EMBED, "{\"model\": \"support\", \"input\": \"the cat purrs\", \"encoding_format\": \"base64\"}");
        ByteBuffer bytes = ByteBuffer.wrap(
                        Base64.getDecoder().decode(coded.at("/data/0/embedding").asText()))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (JsonNode number : one.at("/data/0/embedding")) {
            assertThat(bytes.getFloat()).isEqualTo(number.floatValue());
        }
        assertThat(bytes.hasRemaining()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody", "../chats/style", "__base__", "a/b", "style/", "", "STYLE", "\\u0000", "\\ud800"})
    void anUnknownAdapterIsNotFoundAndTheAnswerNamesNoLayerAndNoPath(String name) throws Exception {
        HttpResponse<String> response = encoder.post(EMBED, "{\"model\": \"" + name + "\", \"input\": \"the cat\"}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(404);
        assertThat(response.body())
                .contains("there is no adapter", "\"code\":\"model_not_found\"", "\"param\":\"model\"")
                .doesNotContain(temp.toString(), "query", "layer", "allowBase");
    }

    @Test
    @Tag("slow")
    void anAdapterThatIsReplacedAnswersWithItsNewFiles() throws Exception {
        Path folder = temp.resolve("replaced");
        RandomAdapters.write(folder.resolve("a"), "encoder.layer", "attention.self.query", 1);
        String body = "{\"model\": \"a\", \"input\": \"the cat purrs\"}";
        try (RunningServer server = RunningServer.start("--model", bert, "--adapters", folder, "--reload", 1)) {
            JsonNode first = server.good(EMBED, body).at("/data/0/embedding");
            RandomAdapters.write(folder.resolve("a"), "encoder.layer", "attention.self.query", 2);
            RandomAdapters.write(folder.resolve("b"), "encoder.layer", "attention.self.query", 2);
            JsonNode expected =
                    server.good(EMBED, body.replace("\"a\"", "\"b\"")).at("/data/0/embedding");
            assertThat(expected).isNotEqualTo(first);
            Patience.await(
                    () -> server.good(EMBED, body).at("/data/0/embedding").equals(expected));
        }
    }

    @Test
    void anAdapterThatDoesNotFitIsNotAvailableAndTheAnswerNamesNoLayerAndNoPath() throws Exception {
        HttpResponse<String> response = decoder.post(CHAT, chat("broken", ""));
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(response.body())
                .contains("'broken' is not available now")
                .doesNotContain(temp.toString(), "proj", "layers");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{ | 400 | must be a JSON object",
                "[] | 400 | must be a JSON object",
                "{\"model\": \"style\", \"model\": \"support\"} | 400 | Duplicate field",
                "{\"messages\": []} | 400 | model must be a text, found nothing",
                "{\"model\": 1} | 400 | model must be a text",
                "{\"model\": \"style\"} | 400 | messages must be a list of at least one message, found nothing",
                "{\"model\": \"style\", \"messages\": []} | 400 | messages must be",
                "{\"model\": \"style\", \"messages\": [{\"role\": \"function\"}]} | 400 | messages[0].role must be",
                "{\"model\": \"style\", \"messages\": [1]} | 400 | messages[0].role must be",
                "{\"model\": \"style\", \"messages\": [{\"role\": \"user\"}]} | 400 | messages[0].content must be a text",
            })
    void aWrongBodyIsRefused(String body, int status, String message) throws Exception {
        HttpResponse<String> response = decoder.post(CHAT, body);
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(RunningServer.json(response).at("/error/message").asText()).contains(message);
        assertThat(RunningServer.json(response).at("/error/type").asText()).isEqualTo("invalid_request_error");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"n\": 0 | n",
                "\"n\": 65 | n",
                "\"best_of\": 2 | best_of",
                "\"echo\": true | echo",
                "\"tools\": [{\"type\": \"function\"}] | tools",
                "\"tool_choice\": \"required\" | tool_choice",
                "\"top_logprobs\": 2 | top_logprobs",
                "\"presence_penalty\": 2.5 | presence_penalty",
                "\"frequency_penalty\": -3 | frequency_penalty",
                "\"logit_bias\": {\"a\": 5} | logit_bias",
                "\"logit_bias\": {\"1\": 101} | logit_bias",
                "\"logit_bias\": [1] | logit_bias",
                "\"response_format\": {\"type\": \"xml\"} | response_format",
                "\"top_k\": -2 | top_k",
                "\"min_p\": 2 | min_p",
                "\"repetition_penalty\": 0 | repetition_penalty",
                "\"temperature\": 3 | temperature",
                "\"temperature\": \"hot\" | temperature",
                "\"top_p\": -1 | top_p",
                "\"max_completion_tokens\": 0 | max_completion_tokens",
                "\"seed\": 0.5 | seed",
                "\"stream\": 1 | stream",
                "\"stop\": [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"] | stop",
                "\"stop\": \"\" | stop",
            })
    void aFieldThatWouldChangeTheAnswerIsRefusedByItsName(String field, String name) throws Exception {
        String body = chat("style", ", " + field).replace("\"temperature\": 0,", "");
        HttpResponse<String> response = decoder.post(CHAT, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(RunningServer.json(response).at("/error/message").asText()).contains(name);
        assertThat(RunningServer.json(response).at("/error/param").asText()).contains(name);
    }

    @Test
    void anImageIsRefusedAndPartsOfTextAreTaken() throws Exception {
        String parts = "[{\"type\": \"text\", \"text\": \"the cat?\"}]";
        assertThat(decoder.good(CHAT, chat("style", "").replace("\"the cat?\"", parts))
                        .path("choices"))
                .isEqualTo(decoder.good(CHAT, chat("style", "")).path("choices"));
        String image = "[{\"type\": \"image_url\", \"image_url\": {\"url\": \"http://localhost\"}}]";
        HttpResponse<String> response = decoder.post(CHAT, chat("style", "").replace("\"the cat?\"", image));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("messages[0].content[0] must be of the type text");
    }

    @Test
    void harmlessFieldsChangeNothing() throws Exception {
        String more = ", \"user\": \"u\", \"metadata\": {\"a\": \"b\"}, \"n\": 1, \"tools\": [], \"logprobs\": false,"
                + " \"presence_penalty\": 0.0, \"response_format\": {\"type\": \"text\"}, \"seed\": null, \"top_p\": 0.5";
        assertThat(decoder.good(CHAT, chat("style", more)).path("choices"))
                .isEqualTo(decoder.good(CHAT, chat("style", "")).path("choices"));
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() throws Exception {
        for (int bytes : List.of(8 * 1024 + 1, 3_000_000)) {
            HttpResponse<String> response = decoder.post(CHAT, " ".repeat(bytes));
            assertThat(response.statusCode()).isEqualTo(413);
            assertThat(response.body()).contains("at most 8192 bytes");
        }
    }

    /** Clients send 1,024 or 4,096 without knowing the model. */
    @ParameterizedTest
    @ValueSource(strings = {"", "\"max_tokens\": 4096", "\"max_completion_tokens\": 100000000000"})
    void moreNewTokensThanFitAreFewer(String most) throws Exception {
        // 182 tokens with those of the template, of 192 positions. The last new token needs none.
        String body = chat("style", "").replace("the cat?", "a".repeat(163)).replace("\"max_tokens\": 12", most);
        JsonNode answer = decoder.good(CHAT, body.replaceAll(",\\s*}\\s*$", "}"));
        assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(182);
        assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(11);
    }

    @Test
    void aPromptOfTooManyCharactersIsRefusedBeforeItHasTokens() throws Exception {
        // 192 positions, and 12 characters of <|im_start|>.
        HttpResponse<String> refused = decoder.post(CHAT, chat("style", "").replace("the cat?", "a".repeat(2305)));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body())
                .contains("the prompt must have at most 2304 characters, the 192 positions of the model times the 12"
                        + " characters of its longest token, found 2305");
        assertThat(decoder.post(TEXT, text("style", "").replace("the cat", "a".repeat(2305)))
                        .body())
                .contains("at most 2304 characters");
    }

    @Test
    void otherRequestsAreRefused() throws Exception {
        assertThat(decoder.get("/").statusCode()).isEqualTo(404);
        assertThat(decoder.send(decoder.request("/health")
                                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                                .build())
                        .statusCode())
                .isEqualTo(405);
        assertThat(decoder.get("/v1/nothing").statusCode()).isEqualTo(404);
        assertThat(encoder.post(CHAT, "{}").body())
                .contains("the model must have /v1/chat/completions, found one with");
        assertThat(encoder.post(CHAT, "{}").statusCode()).isEqualTo(404);
        HttpResponse<String> method = decoder.get(CHAT);
        assertThat(method.statusCode()).isEqualTo(405);
        assertThat(method.headers().firstValue("Allow")).hasValue("POST");
        HttpRequest form = HttpRequest.newBuilder(java.net.URI.create(decoder.address() + CHAT))
                .POST(HttpRequest.BodyPublishers.ofString(chat("style", "")))
                .build();
        assertThat(decoder.send(form).statusCode()).isEqualTo(415);
        String longer = "the cat ".repeat(100);
        HttpResponse<String> tooLong = decoder.post(CHAT, chat("style", "").replace("the cat?", longer));
        assertThat(tooLong.statusCode()).as(tooLong.body()).isEqualTo(400);
        assertThat(tooLong.body())
                .contains(
                        "the prompt must have 1 to 192 tokens, as many as the model has positions for, found 277 in the first 288 characters");
        HttpResponse<String> foreign = encoder.post(EMBED, "{\"model\": \"style\", \"input\": [1, 99]}");
        assertThat(foreign.statusCode()).as(foreign.body()).isEqualTo(400);
        HttpResponse<String> empty = encoder.post(EMBED, "{\"model\": \"style\", \"input\": [\"cat\", \" \"]}");
        assertThat(empty.statusCode()).isEqualTo(400);
        assertThat(empty.body())
                .contains("each text must have at least one token, found none in text 1", "\"param\":\"input\"");
        for (String wrong : new String[] {"0", "-1", "17", "2.5", "\"3\"", "99999999999"}) {
            assertThat(encoder.post(EMBED, "{\"model\": \"style\", \"input\": \"cat\", \"dimensions\": " + wrong + "}")
                            .statusCode())
                    .as(wrong)
                    .isEqualTo(400);
        }
    }

    @Test
    void shorterEmbeddingsAreTheFirstNumbers() throws Exception {
        String asked = "{\"model\": \"style\", \"input\": \"cat\", \"dimensions\": %s}";
        JsonNode whole = encoder.good(EMBED, asked.formatted(16)).at("/data/0/embedding");
        JsonNode first = encoder.good(EMBED, asked.formatted(3)).at("/data/0/embedding");
        assertThat(whole).hasSize(16);
        assertThat(first).hasSize(3);
        double squares = 0;
        for (int i = 0; i < 3; i++) {
            squares += Math.pow(whole.get(i).asDouble(), 2);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(first.get(i).asDouble()).isCloseTo(whole.get(i).asDouble() / Math.sqrt(squares), within(1e-5));
        }
    }

    @Test
    void textsAreCutWhereTheOptionSays() throws Exception {
        String eight = "{\"model\": \"style\", \"input\": \"the cat purrs on the sea\"}";
        JsonNode cut = encoder.good(EMBED, eight.replace("sea", "sea milk ship"));
        assertThat(cut).isEqualTo(encoder.good(EMBED, eight));
    }

    @Test
    void metricsCountTheRequestsOfEachAdapter() throws Exception {
        String completed = "lora_requests_total{adapter=\"style\",outcome=\"completed\"}";
        double before = encoder.figure(completed);
        encoder.good(EMBED, "{\"model\": \"style\", \"input\": \"the cat purrs\"}");
        assertThat(encoder.figure(completed)).isEqualTo(before + 1);
        assertThat(encoder.figure("lora_adapter_loaded{adapter=\"style\"}")).isOne();
        HttpResponse<String> metrics = encoder.get("/metrics");
        assertThat(metrics.headers().firstValue("Content-Type")).hasValue("text/plain; version=0.0.4; charset=utf-8");
        assertThat(metrics.body().lines())
                .allMatch(line -> line.matches(
                        "# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*})? \\S+"));
        assertThat(decoder.get("/metrics").body()).contains("lora_cached_tokens ");
        // All places are given back.
        Patience.await(() -> encoder.figure("lora_http_requests") == 0);
    }

    /** The dashboard's names are also those of the starter's meters, which its own test compares. */
    @Test
    void theDashboardShowsTheFiguresOfTheServer() throws Exception {
        decoder.good(CHAT, chat("style", ""));
        Set<String> served = decoder.get("/metrics")
                .body()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceAll("[{ ].*", ""))
                .collect(Collectors.toSet());
        JsonNode dashboard = new ObjectMapper()
                .readTree(
                        Path.of("../src/site/resources/grafana-dashboard.json").toFile());
        Set<String> shown = dashboard.findValuesAsText("expr").stream()
                .flatMap(query ->
                        Pattern.compile("\\blora_[a-z_]+").matcher(query).results())
                .map(MatchResult::group)
                .collect(Collectors.toSet());
        assertThat(shown).hasSizeGreaterThan(10);
        assertThat(served).containsAll(shown);
    }

    private static String endless(String adapter, boolean isStream) {
        return chat(adapter, ", \"stream\": " + isStream).replace("\"max_tokens\": 12", "\"max_tokens\": 90000");
    }

    private static double cancelled(RunningServer server) {
        return server.figure("lora_requests_total{adapter=\"style\",outcome=\"cancelled\"}");
    }

    private static RunningServer startEndless(Object... more) throws InterruptedException {
        return RunningServer.start(Cli.words(
                new Object[] {
                    "--model", endless, "--adapters", temp.resolve("chats"), "--max-new-tokens", 90000, "--grace", 0
                },
                more));
    }

    @Test
    void aClientThatGoesAwayCancelsItsGeneration() throws Exception {
        try (RunningServer server = startEndless()) {
            HttpRequest stream = server.request(CHAT)
                    .POST(HttpRequest.BodyPublishers.ofString(endless("style", true)))
                    .build();
            HttpResponse<InputStream> response =
                    server.client().send(stream, HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream in = response.body()) {
                assertThat(new String(in.readNBytes(6), StandardCharsets.UTF_8)).isEqualTo("data: ");
                assertThat(server.figure("lora_requests_running{adapter=\"style\"}"))
                        .isOne();
            }
            Patience.await(() -> cancelled(server) == 1);

            HttpRequest whole = server.request(CHAT)
                    .POST(HttpRequest.BodyPublishers.ofString(endless("style", false)))
                    .build();
            CompletableFuture<HttpResponse<String>> later =
                    server.client().sendAsync(whole, HttpResponse.BodyHandlers.ofString());
            Patience.await(() -> server.figure("lora_requests_running{adapter=\"style\"}") == 1);
            assertThat(later.cancel(true)).isTrue();
            Patience.await(() -> cancelled(server) == 2);
        }
    }

    @Test
    void requestsBeyondTheLimitsAreRejectedWithTheRightStatus() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> open = new ArrayList<>();
        try (RunningServer server = startEndless("--max-running", 1, "--max-waiting", 8)) {
            open.add(later(server, "style"));
            Patience.await(() -> server.figure("lora_requests_running{adapter=\"style\"}") == 1);
            open.add(later(server, "style"));
            Patience.await(() -> server.figure("lora_requests_waiting{adapter=\"style\"}") == 1);
            HttpResponse<String> busy = server.post(CHAT, endless("support", false));
            assertThat(busy.statusCode()).as(busy.body()).isEqualTo(503);
            assertThat(busy.headers().firstValue("Retry-After")).hasValue("1");
        }
        // The prompt has 49 tokens: fewer than 100 in all, and more than the 25 of one adapter.
        try (RunningServer server = startEndless("--max-running", 1, "--max-waiting", 100)) {
            open.add(later(server, "style"));
            Patience.await(() -> server.figure("lora_requests_running{adapter=\"style\"}") == 1);
            open.add(later(server, "style"));
            Patience.await(() -> server.figure("lora_requests_waiting{adapter=\"style\"}") == 1);
            HttpResponse<String> busy = server.post(CHAT, endless("style", true));
            assertThat(busy.statusCode()).as(busy.body()).isEqualTo(429);
            assertThat(RunningServer.json(busy).at("/error/type").asText()).isEqualTo("rate_limit_error");
        }
        try (RunningServer server = startEndless("--max-requests", 1)) {
            open.add(later(server, "style"));
            Patience.await(() -> server.figure("lora_http_requests") == 1);
            HttpResponse<String> full = server.post(CHAT, endless("support", false));
            assertThat(full.statusCode()).isEqualTo(503);
            assertThat(full.body()).contains("too many requests are answered at the same time");
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
        }
        try (RunningServer server = startEndless("--max-requests", 4)) {
            open.add(later(server, "style"));
            Patience.await(() -> server.figure("lora_http_requests") == 1);
            HttpResponse<String> own = server.post(CHAT, endless("style", false));
            assertThat(own.statusCode()).isEqualTo(429);
            assertThat(own.body()).contains("too many requests of the adapter 'style' are answered");
            assertThat(server.good(CHAT, chat("support", "")).path("choices")).hasSize(1);
        }
        // The servers have stopped. Whoever still waited was told so.
        for (CompletableFuture<HttpResponse<String>> one : open) {
            assertThat(Patience.get(one).body()).containsAnyOf("the server stops", "the service is closed");
        }
    }

    private static CompletableFuture<HttpResponse<String>> later(RunningServer server, String adapter) {
        return server.client()
                .sendAsync(
                        server.request(CHAT)
                                .POST(HttpRequest.BodyPublishers.ofString(endless(adapter, true)))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    /** If the machine is so busy that the time is over before the first token, the test takes a longer one. */
    @Test
    @Tag("slow")
    void aRequestThatTakesTooLongEnds() throws Exception {
        int seconds = 1;
        HttpResponse<String> response = late(seconds);
        while (response.statusCode() == 504) {
            seconds *= 2;
            response = late(seconds);
        }
        assertThat(events(response)).last().asString().contains("\"code\":\"timeout\"");
    }

    private static HttpResponse<String> late(int seconds) throws Exception {
        try (RunningServer server = startEndless("--timeout", seconds)) {
            return server.post(CHAT, endless("style", true));
        }
    }

    @Test
    void openAisOwnClientTalksToIt() throws IOException {
        OpenAIClient chats = decoder.openAi();
        assertThat(chats.models().list().data()).extracting(model -> model.id()).contains("style", "support");
        ChatCompletionCreateParams ask = ChatCompletionCreateParams.builder()
                .model("style")
                .addUserMessage("the cat?")
                .temperature(0)
                .maxCompletionTokens(12)
                .build();
        ChatCompletion answer = chats.chat().completions().create(ask);
        String text = answer.choices().get(0).message().content().orElseThrow();
        assertThat(answer.validate().usage().orElseThrow().completionTokens()).isEqualTo(12);
        StringBuilder streamed = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> stream =
                chats.chat().completions().createStreaming(ask)) {
            stream.stream()
                    .forEach(part ->
                            part.validate().choices().get(0).delta().content().ifPresent(streamed::append));
        }
        assertThat(streamed.toString()).isEqualTo(text).isNotEmpty();
        assertThat(chats.completions()
                        .create(CompletionCreateParams.builder()
                                .model("support")
                                .prompt("the cat")
                                .maxTokens(3)
                                .build())
                        .validate()
                        .usage()
                        .orElseThrow()
                        .completionTokens())
                .isBetween(1L, 3L);
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> chats.chat()
                        .completions()
                        .create(ask.toBuilder().model("nobody").build()))
                .satisfies(e -> assertThat(e.code()).hasValue("model_not_found"));
        assertThat(chats.chat()
                        .completions()
                        .create(ask.toBuilder().n(2).build())
                        .validate()
                        .choices())
                .extracting(
                        choice -> choice.index() + choice.message().content().orElseThrow())
                .containsExactly("0" + text, "1" + text);
        assertThatExceptionOfType(BadRequestException.class)
                .isThrownBy(() ->
                        chats.chat().completions().create(ask.toBuilder().n(0).build()))
                .satisfies(e -> assertThat(e.param()).hasValue("n"));

        // The client asks for base64.
        CreateEmbeddingResponse embedded = encoder.openAi()
                .embeddings()
                .create(EmbeddingCreateParams.builder()
                        .model("style")
                        .inputOfArrayOfStrings(List.of("the cat purrs", "the sea"))
                        .build());
        assertThat(embedded.validate().data()).hasSize(2);
        assertThat(embedded.data().get(1).embedding()).hasSize(SmallModels.WIDTH);
    }

    /** Its outputs are no embeddings. */
    @Test
    void aClassifierIsNotServedAsEmbeddings() throws Exception {
        Path classifier = SmallModels.bert(temp.resolve("classifier"), 2);
        Path file = classifier.resolve("model.safetensors");
        SafeTensors all = SafeTensors.read(file);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (String name : all.names()) {
            tensors.put(name, all.tensor(name));
        }
        tensors.put("classifier.weight", Nd4j.ones(3, SmallModels.WIDTH));
        tensors.put("classifier.bias", Nd4j.zeros(3));
        SafeTensors.of(tensors, all.metadata()).write(file);
        try (RunningServer server = RunningServer.start("--model", classifier, "--allow-base")) {
            HttpResponse<String> refused = server.post(
                    "/v1/embeddings", "{\"model\": \"" + classifier.getFileName() + "\", \"input\": \"a\"}");
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("which classifies texts; use /v1/classify");
        }
    }

    @Test
    void wrongOptionsAreRefused() {
        assertThat(Cli.run("serve", "--model", llama).err()).contains("--adapters must be given unless --allow-base");
        assertThat(Cli.run("serve", "--model", llama, "--allow-base", "--max-tokens", 9)
                        .err())
                .contains("--max-tokens must be used with an encoder");
        assertThat(Cli.run("serve", "--model", llama, "--allow-base", "--port", 70000)
                        .err())
                .contains("--port must be in [0, 65535], found 70000");
        assertThat(Cli.run("serve", "--model", llama, "--allow-base", "--train-at-once", 0)
                        .err())
                .contains("--train-at-once must be at least 1, found 0");
        assertThat(Cli.run("serve", "--model", llama, "--adapters", temp.resolve("none"))
                        .err())
                .contains("must be a folder with a sub-folder for each adapter, found nothing");
        assertThat(Cli.run("serve", "--model", llama, "--adapters", temp.resolve("chats/style"))
                        .err())
                .contains("found the folder of one adapter");
        String port = decoder.address().substring(decoder.address().lastIndexOf(':') + 1);
        Cli taken = Cli.run("serve", "--model", llama, "--allow-base", "--port", port);
        assertThat(taken.code()).isOne();
        assertThat(taken.err()).contains("an address that is free");
    }
}
