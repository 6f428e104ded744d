package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionTokenLogprob;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.Patience;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;

/** Log probabilities over HTTP, of a model whose tokens are bytes, beside those of a whole pass over the text. */
class ServeLogProbabilitiesTest {
    private static final String TEXT = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int[] PROMPT = {116, 104, 101, 32, 99, 97, 116};

    @TempDir
    static Path temp;

    private static Path model;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        server = RunningServer.start("--model", model, "--allow-base");
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    /** The end never comes, so that each answer has ten tokens. */
    private static ObjectNode text() {
        ObjectNode body = MAPPER.createObjectNode()
                .put("model", "llama")
                .put("prompt", "the cat")
                .put("max_tokens", 10)
                .put("temperature", 1.2)
                .put("seed", 5);
        body.putObject("logit_bias").put("257", -100);
        return body;
    }

    private static ObjectNode chat() {
        ObjectNode body = text();
        body.remove("prompt");
        body.putArray("messages").addObject().put("role", "user").put("content", "the cat?");
        return body;
    }

    private static JsonNode good(String path, ObjectNode body) throws Exception {
        return server.good(path, body.toString());
    }

    /** The token of a name, as all forms write it. */
    private static int id(String name) {
        if (name.startsWith("<|im_")) {
            return name.equals("<|im_start|>") ? 256 : 257;
        }
        boolean isByte = name.startsWith("bytes:\\x") || (name.startsWith("\\x") && name.length() == 4);
        return isByte ? Integer.parseInt(name.substring(name.length() - 2), 16) : name.charAt(0);
    }

    /** The logarithms of the probabilities of all tokens at each step after the prompt. */
    private static double[][] expected(int[] prompt, List<Integer> answer) throws Exception {
        int[] ids = IntStream.concat(Arrays.stream(prompt), answer.stream().mapToInt(Integer::intValue))
                .toArray();
        try (DecoderFolder folder = DecoderFolder.open(model)) {
            double[][] logits = folder.network().predict(Sequences.of(ids)).toDoubleMatrix();
            double[][] steps = new double[answer.size()][];
            for (int i = 0; i < steps.length; i++) {
                double[] row = logits[prompt.length + i - 1];
                double sum = Arrays.stream(row).map(Math::exp).sum();
                steps[i] =
                        Arrays.stream(row).map(z -> Math.log(Math.exp(z) / sum)).toArray();
            }
            return steps;
        }
    }

    private static List<Integer> mostProbable(double[] step, int count) {
        return IntStream.range(0, step.length)
                .boxed()
                .sorted(Comparator.comparing(id -> -step[id]))
                .limit(count)
                .toList();
    }

    @Test
    void completionsHaveThoseOfTheModel() throws Exception {
        JsonNode choice = good(TEXT, text().put("logprobs", 5)).at("/choices/0");
        JsonNode found = choice.path("logprobs");
        List<Integer> ids = new ArrayList<>();
        found.path("tokens").forEach(token -> ids.add(id(token.asText())));
        assertThat(ids).hasSize(10);
        double[][] expected = expected(PROMPT, ids);
        String text = choice.path("text").asText();
        int more = 0;
        for (int i = 0; i < 10; i++) {
            String token = found.path("tokens").path(i).asText();
            double chosen = found.path("token_logprobs").path(i).asDouble();
            assertThat(chosen).isCloseTo(expected[i][ids.get(i)], within(1e-4));
            List<Integer> top = new ArrayList<>();
            for (var field : found.path("top_logprobs").path(i).properties()) {
                int id = id(field.getKey());
                top.add(id);
                assertThat(field.getValue().asDouble()).isCloseTo(expected[i][id], within(1e-4));
            }
            List<Integer> most = new ArrayList<>(mostProbable(expected[i], 5));
            // The chosen one is beside them if it is none of them.
            if (!most.contains(ids.get(i))) {
                most.add(ids.get(i));
                more++;
            }
            assertThat(top).isEqualTo(most);
            int offset = found.path("text_offset").path(i).asInt();
            if (!token.startsWith("bytes:")) {
                assertThat(text.substring(text.offsetByCodePoints(0, offset))).startsWith(token);
            }
        }
        assertThat(more).isPositive();
        JsonNode none = good(TEXT, text().put("logprobs", 0)).at("/choices/0/logprobs");
        assertThat(none.path("token_logprobs")).isEqualTo(found.path("token_logprobs"));
        none.path("top_logprobs").forEach(top -> assertThat(top).hasSize(1));
        assertThat(good(TEXT, text()).at("/choices/0/logprobs").isNull()).isTrue();
    }

    @Test
    void chatsHaveThoseOfTheModel() throws Exception {
        JsonNode answer = good(CHAT, chat().put("logprobs", true).put("top_logprobs", 3));
        JsonNode content = answer.at("/choices/0/logprobs/content");
        List<Integer> ids = new ArrayList<>();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (JsonNode token : content) {
            ids.add(id(token.path("token").asText()));
            token.path("bytes").forEach(one -> bytes.write(one.asInt()));
            assertThat(token.path("bytes")).hasSize(1);
            assertThat(token.path("bytes").path(0).asInt()).isEqualTo(ids.get(ids.size() - 1));
        }
        assertThat(ids).hasSize(10);
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualTo(answer.at("/choices/0/message/content").asText());
        assertThat(answer.at("/choices/0/logprobs/refusal").isNull()).isTrue();
        int[] prompt = "<user\nthe cat?>\n<assistant\n".chars().toArray();
        List<Integer> rendered = new ArrayList<>();
        for (int one : prompt) {
            rendered.add(one == '<' ? 256 : one == '>' ? 257 : one);
        }
        double[][] expected =
                expected(rendered.stream().mapToInt(Integer::intValue).toArray(), ids);
        for (int i = 0; i < 10; i++) {
            assertThat(content.path(i).path("logprob").asDouble()).isCloseTo(expected[i][ids.get(i)], within(1e-4));
            List<Integer> top = new ArrayList<>();
            for (JsonNode one : content.path(i).path("top_logprobs")) {
                int id = id(one.path("token").asText());
                top.add(id);
                assertThat(one.path("logprob").asDouble()).isCloseTo(expected[i][id], within(1e-4));
            }
            assertThat(top).isEqualTo(mostProbable(expected[i], 3));
        }
        assertThat(good(CHAT, chat().put("logprobs", false))
                        .at("/choices/0/logprobs")
                        .isNull())
                .isTrue();
    }

    /** The log probabilities of the parts of each answer of a stream, put together. */
    private static List<List<JsonNode>> streamed(String path, ObjectNode body) throws Exception {
        HttpResponse<String> response =
                server.post(path, body.put("stream", true).toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Map<Integer, List<JsonNode>> found = new TreeMap<>();
        for (String line : response.body().lines().toList()) {
            if (line.startsWith("data: {")) {
                JsonNode choice =
                        MAPPER.readTree(line.substring("data: ".length())).at("/choices/0");
                List<JsonNode> all = found.computeIfAbsent(choice.path("index").asInt(), index -> new ArrayList<>());
                JsonNode part = choice.path("logprobs");
                part.path("content").forEach(all::add);
                for (int i = 0; i < part.path("tokens").size(); i++) {
                    ArrayNode row = MAPPER.createArrayNode();
                    for (String column : List.of("tokens", "token_logprobs", "top_logprobs", "text_offset")) {
                        row.add(part.path(column).path(i));
                    }
                    all.add(row);
                }
            }
        }
        return List.copyOf(found.values());
    }

    @Test
    void aStreamHasThoseOfTheWholeAnswer() throws Exception {
        JsonNode chats =
                good(CHAT, chat().put("logprobs", true).put("top_logprobs", 2).put("n", 3));
        List<List<JsonNode>> ofChats = streamed(
                CHAT, chat().put("logprobs", true).put("top_logprobs", 2).put("n", 3));
        JsonNode texts = good(TEXT, text().put("logprobs", 2).put("n", 3));
        List<List<JsonNode>> ofTexts = streamed(TEXT, text().put("logprobs", 2).put("n", 3));
        for (int i = 0; i < 3; i++) {
            assertThat(ofChats.get(i)).hasSize(10);
            for (int j = 0; j < 10; j++) {
                assertSame(
                        ofChats.get(i).get(j),
                        chats.at("/choices/" + i + "/logprobs/content").path(j));
                JsonNode columns = texts.at("/choices/" + i + "/logprobs");
                JsonNode row = ofTexts.get(i).get(j);
                assertSame(row.path(0), columns.path("tokens").path(j));
                assertSame(row.path(1), columns.path("token_logprobs").path(j));
                assertSame(row.path(2), columns.path("top_logprobs").path(j));
                assertSame(row.path(3), columns.path("text_offset").path(j));
            }
        }
    }

    /** The same up to rounding, because other texts are computed beside it. */
    private static void assertSame(JsonNode found, JsonNode expected) {
        if (expected.isNumber()) {
            assertThat(found.asDouble()).isCloseTo(expected.asDouble(), within(1e-4));
        } else if (expected.isContainerNode()) {
            assertThat(found).hasSameSizeAs(expected);
            for (var field : expected.properties()) {
                assertSame(found.path(field.getKey()), field.getValue());
            }
            for (int i = 0; i < expected.size() && expected.isArray(); i++) {
                assertSame(found.path(i), expected.path(i));
            }
        } else {
            assertThat(found).isEqualTo(expected);
        }
    }

    @Tag("slow")
    @Test
    void openAisOwnClientReadsThem() {
        OpenAIClient client = server.openAi();
        ChatCompletionCreateParams ask = ChatCompletionCreateParams.builder()
                .model("llama")
                .addUserMessage("the cat?")
                .temperature(0)
                .maxCompletionTokens(10)
                .logprobs(true)
                .topLogprobs(2)
                .build();
        ChatCompletion whole = client.chat().completions().create(ask).validate();
        List<ChatCompletionTokenLogprob> tokens =
                whole.choices().get(0).logprobs().orElseThrow().content().orElseThrow();
        assertThat(tokens).isNotEmpty().allSatisfy(token -> {
            assertThat(token.topLogprobs()).hasSize(2);
            assertThat(token.topLogprobs().get(0).token()).isEqualTo(token.token());
            assertThat(token.topLogprobs().get(0).logprob()).isEqualTo(token.logprob());
        });
        ChatCompletionAccumulator streamed = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(ask)) {
            stream.stream().forEach(part -> streamed.accumulate(part.validate()));
        }
        assertThat(streamed.chatCompletion()
                        .choices()
                        .get(0)
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow())
                .extracting(ChatCompletionTokenLogprob::token)
                .isEqualTo(
                        tokens.stream().map(ChatCompletionTokenLogprob::token).toList());
        Completion completion = client.completions()
                .create(CompletionCreateParams.builder()
                        .model("llama")
                        .prompt("the cat")
                        .maxTokens(5)
                        .logprobs(1)
                        .n(2)
                        .bestOf(4)
                        .build())
                .validate();
        assertThat(completion.choices())
                .hasSize(2)
                .allSatisfy(choice -> assertThat(
                                choice.logprobs().orElseThrow().tokens().orElseThrow())
                        .isNotEmpty());
    }

    /** What the stop text cuts off has none. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tokensOfAStopTextAreNotThere(boolean isStream) throws Exception {
        // Letters alone, so that each token is a character.
        ObjectNode body = text().put("logprobs", 1).put("seed", 8);
        ObjectNode biases = body.putObject("logit_bias");
        IntStream.range(0, 258).filter(id -> id < 'a' || id > 'd').forEach(id -> biases.put(String.valueOf(id), -100));
        JsonNode whole = good(TEXT, body.deepCopy()).at("/choices/0");
        String text = whole.path("text").asText();
        assertThat(text).matches("[a-d]{10}");
        String stop = text.substring(4, 7);
        int end = text.indexOf(stop);
        body.putArray("stop").add(stop);
        List<String> tokens = new ArrayList<>();
        if (isStream) {
            streamed(TEXT, body).get(0).forEach(row -> tokens.add(row.path(0).asText()));
        } else {
            good(TEXT, body).at("/choices/0/logprobs/tokens").forEach(token -> tokens.add(token.asText()));
        }
        assertThat(String.join("", tokens)).isEqualTo(text.substring(0, end));
    }

    @Test
    void theBestTextsAreThoseWithTheGreatestMean() throws Exception {
        List<Double> means = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            JsonNode choice =
                    good(TEXT, text().put("seed", 5 + i).put("logprobs", 0)).at("/choices/0");
            double sum = 0;
            for (JsonNode one : choice.at("/logprobs/token_logprobs")) {
                sum += one.asDouble();
            }
            means.add(sum / 10);
            texts.add(choice.path("text").asText());
        }
        List<String> expected = IntStream.range(0, 6)
                .boxed()
                .sorted(Comparator.comparing(i -> -means.get(i)))
                .limit(2)
                .map(texts::get)
                .toList();
        JsonNode best = good(TEXT, text().put("best_of", 6).put("n", 2));
        assertThat(best.path("choices").findValuesAsText("text")).isEqualTo(expected);
        assertThat(best.path("choices").findValuesAsText("index")).containsExactly("0", "1");
        assertThat(best.at("/choices/0/logprobs").isNull()).isTrue();
        assertThat(best.at("/usage/completion_tokens").asInt()).isEqualTo(60);
        // Of each prompt.
        ObjectNode two = text().put("best_of", 3).put("logprobs", 1);
        two.putArray("prompt").add("the cat").add("a ship");
        assertThat(good(TEXT, two).path("choices")).hasSize(2);
        assertThat(good(TEXT, two).at("/choices/1/logprobs/tokens")).hasSize(10);
    }

    /** Whoever does not read them cannot fill the memory with them. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theyCountAsMemoryOfAnswersUntilTheAnswerEnds(boolean isStream) throws Exception {
        Path endless = SmallModels.llama(temp.resolve("endless"), 1);
        Path config = endless.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 100000"));
        try (RunningServer slow =
                RunningServer.start("--model", endless, "--allow-base", "--max-new-tokens", 90000, "--grace", 0)) {
            ObjectNode body = text().put("model", "endless")
                    .put("max_tokens", 90000)
                    .put("stream", isStream)
                    .put("logprobs", 5);
            CompletableFuture<HttpResponse<InputStream>> answer = slow.client()
                    .sendAsync(
                            slow.request(TEXT)
                                    .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                                    .build(),
                            HttpResponse.BodyHandlers.ofInputStream());
            // 128 bytes for each of 7 log probabilities of a token.
            Patience.await(() -> slow.figure("lora_http_answer_bytes") >= 10 * 7 * 128);
            if (isStream) {
                answer.join().body().close();
            } else {
                assertThat(answer.cancel(true)).isTrue();
            }
            Patience.await(() -> slow.figure("lora_http_answer_bytes") == 0);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/v1/chat/completions | {\"logprobs\": 1} | logprobs must be true or false",
                "/v1/chat/completions | {\"top_logprobs\": 2} | top_logprobs must be 0 or absent unless logprobs is true, found 2",
                "/v1/chat/completions | {\"logprobs\": true, \"top_logprobs\": 21} | top_logprobs must be a whole number from 0 to 20",
                "/v1/chat/completions | {\"logprobs\": true, \"top_logprobs\": []} | top_logprobs must be a whole number",
                "/v1/chat/completions | {\"best_of\": 2} | best_of is not supported",
                "/v1/completions | {\"logprobs\": true} | logprobs must be a whole number from 0 to 5",
                "/v1/completions | {\"logprobs\": 6} | logprobs must be a whole number from 0 to 5",
                "/v1/completions | {\"top_logprobs\": 1} | top_logprobs is not supported",
                "/v1/completions | {\"best_of\": 2, \"stream\": true} | best_of is not supported beside stream",
                "/v1/completions | {\"best_of\": 2, \"n\": 3} | best_of must be a whole number from 3 to 64",
                "/v1/completions | {\"best_of\": 65} | best_of must be a whole number from 1 to 64",
            })
    void whatIsWrongIsNamed(String path, String fields, String message) throws Exception {
        ObjectNode body = path.equals(CHAT) ? chat() : text();
        body.setAll((ObjectNode) MAPPER.readTree(fields));
        HttpResponse<String> response = server.post(path, body.toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(RunningServer.json(response).at("/error/message").asText()).contains(message);
        assertThat(fields)
                .contains(RunningServer.json(response).at("/error/param").asText());
    }
}
