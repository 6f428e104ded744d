package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.Patience;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;

/**
 * Prompts are scored over HTTP: the requests of lm-evaluation-harness' {@code local-completions}, and how it reads their answers, beside
 * whole passes over the texts. The tokens of the model are bytes.
 */
class ServeHarnessTest {
    private static final String TEXT = "/v1/completions";
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int SEED = 1234;
    private static final int END = 257;

    @TempDir
    static Path temp;

    private static RunningServer server;
    private static DecoderFolder folder;
    private static LoRAModel model;

    @BeforeAll
    static void start() throws Exception {
        Path base = SmallModels.llama(temp.resolve("llama"), 1);
        Path adapter = temp.resolve("adapters").resolve("support");
        RandomAdapters.write(adapter, "model.layers", "self_attn.q_proj", 5);
        server = RunningServer.start("--model", base, "--adapters", temp.resolve("adapters"), "--allow-base");
        folder = DecoderFolder.open(base);
        model = LoRAModel.of(folder.network());
        AdapterView unused = model.add("support", PeftAdapters.load(adapter));
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
        folder.close();
    }

    private static Model served(String name) {
        return name.equals("llama") ? model.base() : model.using(name);
    }

    private static int[] tokens(String text) {
        return IntStream.range(0, text.length()).map(text::charAt).toArray();
    }

    /** A context and what may follow it; of a part of a text, a token alone is the context. */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    private record Asked(int[] context, int[] continuation) {
        static Asked of(String context, String continuation) {
            return new Asked(tokens(context), tokens(continuation));
        }

        int[] all() {
            return IntStream.concat(Arrays.stream(context), Arrays.stream(continuation))
                    .toArray();
        }
    }

    /** What the harness makes of an answer. */
    private record Found(double logProbability, boolean isGreedy) {}

    /** {@code LocalCompletionsAPI._create_payload} without generation. */
    private static ObjectNode scoring(String name, JsonNode prompt) {
        ObjectNode body = MAPPER.createObjectNode().put("model", name);
        body.set("prompt", prompt);
        return body.put("temperature", 0)
                .put("max_tokens", 1)
                .put("logprobs", 1)
                .put("seed", SEED)
                .put("echo", true);
    }

    /** The same with generation. */
    private static ObjectNode generating(String name, JsonNode prompt, int tokens, String... until) {
        ObjectNode body = MAPPER.createObjectNode();
        body.set("prompt", prompt);
        body.put("model", name).put("max_tokens", tokens).put("temperature", 0);
        ArrayNode stop = body.putArray("stop");
        Stream.of(until).forEach(stop::add);
        return body.put("seed", SEED);
    }

    private static JsonNode ids(List<int[]> prompts) {
        return MAPPER.valueToTree(prompts);
    }

    /** {@code LocalCompletionsAPI.parse_logprobs}. */
    private static List<Found> parse(JsonNode answer, List<Asked> asked) {
        List<JsonNode> choices = new ArrayList<>();
        answer.path("choices").forEach(choices::add);
        choices.sort(Comparator.comparing(choice -> choice.path("index").asInt()));
        assertThat(choices).hasSameSizeAs(asked);
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < choices.size(); i++) {
            JsonNode columns = choices.get(i).path("logprobs");
            int all = columns.path("token_logprobs").size();
            double sum = 0;
            boolean isGreedy = true;
            for (int j = asked.get(i).context.length; j < all - 1; j++) {
                double one = columns.path("token_logprobs").path(j).doubleValue();
                double most = Double.NEGATIVE_INFINITY;
                for (JsonNode top : columns.path("top_logprobs").path(j)) {
                    most = Math.max(most, top.doubleValue());
                }
                sum += one;
                isGreedy &= one == most;
            }
            found.add(new Found(sum, isGreedy));
        }
        return found;
    }

    private static double[][] wholePass(String name, int[] ids) {
        return served(name).predict(Sequences.of(ids)).toDoubleMatrix();
    }

    private static double logProbability(double[] logits, int id) {
        return logits[id] - Math.log(Arrays.stream(logits).map(Math::exp).sum());
    }

    private static int mostProbable(double[] logits) {
        return IntStream.range(0, logits.length)
                .boxed()
                .max(Comparator.comparing(id -> logits[id]))
                .orElseThrow();
    }

    private static Found expected(String name, Asked asked) {
        double[][] logits = wholePass(name, asked.all());
        double sum = 0;
        boolean isGreedy = true;
        for (int i = 0; i < asked.continuation.length; i++) {
            double[] row = logits[asked.context.length + i - 1];
            sum += logProbability(row, asked.continuation[i]);
            isGreedy &= mostProbable(row) == asked.continuation[i];
        }
        return new Found(sum, isGreedy);
    }

    private static void assertFound(String name, JsonNode prompt, List<Asked> asked) throws Exception {
        JsonNode answer = server.good(TEXT, scoring(name, prompt).toString());
        List<Found> found = parse(answer, asked);
        for (int i = 0; i < asked.size(); i++) {
            Found expected = expected(name, asked.get(i));
            assertThat(found.get(i).logProbability).isCloseTo(expected.logProbability, within(2e-4));
            assertThat(found.get(i).isGreedy).isEqualTo(expected.isGreedy);
        }
        assertThat(answer.at("/usage/prompt_tokens").asInt())
                .isEqualTo(asked.stream().mapToInt(one -> one.all().length).sum());
        assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(asked.size());
    }

    private static int[] greedy(String name, int[] context, int count) {
        int[] ids = context;
        for (int i = 0; i < count; i++) {
            double[][] logits = wholePass(name, ids);
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = mostProbable(logits[ids.length - 2]);
        }
        return Arrays.copyOfRange(ids, context.length, ids.length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "support"})
    void logLikelihoods(String name) throws Exception {
        int[] context = tokens("the ship sails on the");
        List<Asked> asked = List.of(
                Asked.of("the ship sails on the", " sea"),
                Asked.of("the ship sails on the", " milk"),
                new Asked(context, greedy(name, context, 4)),
                Asked.of("a", "b"));
        // Tokens, as the harness sends by default, with batch_size 4 and 1.
        assertFound(name, ids(asked.stream().map(Asked::all).toList()), asked);
        assertThat(expected(name, asked.get(2)).isGreedy).isTrue();
        for (Asked one : asked) {
            assertFound(name, ids(List.of(one.all())), List.of(one));
        }
        // With tokenized_requests=False a list of texts, or a text if batch_size is 1.
        List<Asked> texts = asked.subList(0, 2);
        List<String> whole = List.of("the ship sails on the sea", "the ship sails on the milk");
        assertFound(name, MAPPER.valueToTree(whole), texts);
        assertFound(name, MAPPER.valueToTree(whole.get(1)), texts.subList(1, 2));
    }

    /** A text is divided into windows, each behind a token of the one before; the first one behind the token that ends texts. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "support"})
    void rollingLogLikelihoods(String name) throws Exception {
        int[] text = new SplittableRandom(3).ints(450, 0, 256).toArray();
        int window = 190;
        List<Asked> asked = new ArrayList<>();
        for (int from = 0; from < text.length; from += window) {
            int[] before = {from == 0 ? END : text[from - 1]};
            asked.add(new Asked(before, Arrays.copyOfRange(text, from, Math.min(text.length, from + window))));
        }
        assertThat(asked).hasSize(3);
        for (Asked one : asked) {
            assertFound(name, ids(List.of(one.all())), List.of(one));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "support"})
    void generationUntilATextComes(String name) throws Exception {
        List<int[]> prompts = List.of(tokens("the cat"), tokens("a ship"));
        List<String> whole = new ArrayList<>();
        for (int[] prompt : prompts) {
            int[] ids = greedy(name, prompt, 24);
            int end = IntStream.range(0, ids.length)
                    .filter(i -> ids[i] == END)
                    .findFirst()
                    .orElse(ids.length);
            whole.add(folder.tokenizer().decode(Arrays.copyOf(ids, end)));
        }
        assertThat(texts(generating(name, ids(prompts), 24, "<|im_end|>"))).isEqualTo(whole);
        String until = whole.get(0).substring(5, 6);
        JsonNode answer = server.good(
                TEXT,
                generating(name, ids(prompts), 24, "Question:", "</s>", "\n\n", "Q:", until, "<|im_end|>")
                        .toString());
        assertThat(answer.at("/choices/0/text").asText())
                .isEqualTo(whole.get(0).substring(0, whole.get(0).indexOf(until)));
        assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    }

    private static List<String> texts(ObjectNode body) throws Exception {
        return server.good(TEXT, body.toString()).path("choices").findValuesAsText("text");
    }

    @Test
    void theListsHaveTheTokensOfThePromptAndOfTheAnswer() throws Exception {
        ObjectNode body = scoring("llama", MAPPER.valueToTree("caf\u00e9 sails"));
        body.put("max_tokens", 3).putObject("logit_bias").put("120", 100);
        JsonNode choice = server.good(TEXT, body.toString()).at("/choices/0");
        assertThat(choice.path("text").asText()).isEqualTo("caf\u00e9 sailsxxx");
        JsonNode columns = choice.path("logprobs");
        List<String> names = new ArrayList<>();
        columns.path("tokens").forEach(name -> names.add(name.asText()));
        assertThat(names)
                .containsExactly(
                        "c", "a", "f", "bytes:\\xc3", "bytes:\\xa9", " ", "s", "a", "i", "l", "s", "x", "x", "x");
        assertThat(columns.path("text_offset").toString()).isEqualTo("[0,1,2,3,3,4,5,6,7,8,9,10,11,12]");
        assertThat(columns.at("/token_logprobs/0").isNull()).isTrue();
        assertThat(columns.at("/top_logprobs/0").isNull()).isTrue();
        assertThat(columns.path("token_logprobs")).hasSize(14);
        assertThat(columns.path("top_logprobs")).hasSize(14);
        // None is computed.
        body.put("max_tokens", 0);
        JsonNode none = server.good(TEXT, body.toString());
        assertThat(none.at("/choices/0/text").asText()).isEqualTo("caf\u00e9 sails");
        assertThat(none.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        assertThat(none.at("/choices/0/logprobs/tokens")).hasSize(11);
        assertThat(none.at("/usage/completion_tokens").asInt()).isZero();
        // Two answers have the same prompt.
        body.put("max_tokens", 1).put("n", 2);
        JsonNode two = server.good(TEXT, body.toString()).path("choices");
        assertThat(two.at("/1/logprobs/token_logprobs/5")).isEqualTo(two.at("/0/logprobs/token_logprobs/5"));
        assertThat(two.at("/1/logprobs/tokens")).hasSize(12);
    }

    /** The harness leaves the last token out, whatever it is. */
    @Test
    void aTokenThatEndsTheTextIsInTheLists() throws Exception {
        ObjectNode body = scoring("llama", MAPPER.valueToTree("the cat"));
        body.putObject("logit_bias").put(String.valueOf(END), 100);
        JsonNode choice = server.good(TEXT, body.toString()).at("/choices/0");
        assertThat(choice.path("text").asText()).isEqualTo("the cat");
        assertThat(choice.at("/logprobs/tokens/7").asText()).isEqualTo("<|im_end|>");
        assertThat(choice.at("/logprobs/text_offset/7").asInt()).isEqualTo(7);
        assertThat(choice.at("/logprobs/tokens")).hasSize(8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/completions", "/v1/chat/completions"})
    void promptLogProbabilitiesHaveTheFormOfVllm(String path) throws Exception {
        ObjectNode body = MAPPER.createObjectNode().put("model", "support").put("prompt_logprobs", 2);
        boolean isChat = !path.equals(TEXT);
        if (isChat) {
            body.putArray("messages").addObject().put("role", "user").put("content", "the cat?");
        } else {
            body.put("prompt", "the cat");
        }
        JsonNode answer = server.good(path, body.put("max_tokens", 0).toString());
        JsonNode found = isChat ? answer.path("prompt_logprobs") : answer.at("/choices/0/prompt_logprobs");
        assertThat(isChat).isEqualTo(answer.at("/choices/0/prompt_logprobs").isMissingNode());
        int[] prompt = isChat
                ? "<user\nthe cat?>\n<assistant\n"
                        .chars()
                        .map(one -> one == '<' ? 256 : one == '>' ? END : one)
                        .toArray()
                : tokens("the cat");
        double[][] logits = wholePass("support", prompt);
        assertThat(found).hasSize(prompt.length);
        assertThat(found.path(0).isNull()).isTrue();
        for (int i = 1; i < prompt.length; i++) {
            double[] row = logits[i - 1];
            List<Integer> order = IntStream.range(0, row.length)
                    .boxed()
                    .sorted(Comparator.comparing(id -> -row[id]))
                    .toList();
            List<Integer> expected = Stream.concat(
                            Stream.of(prompt[i]), order.stream().limit(2))
                    .distinct()
                    .toList();
            List<Integer> ids = new ArrayList<>();
            for (var field : found.path(i).properties()) {
                int id = Integer.parseInt(field.getKey());
                ids.add(id);
                assertThat(field.getValue().path("logprob").asDouble())
                        .isCloseTo(logProbability(row, id), within(1e-4));
                assertThat(field.getValue().path("rank").asInt()).isEqualTo(1 + order.indexOf(id));
                assertThat(field.getValue().path("decoded_token").asText()).isEqualTo(name(id));
            }
            assertThat(ids).isEqualTo(expected);
        }
        assertThat(answer.at("/choices/0/logprobs").isNull()).isTrue();
    }

    private static String name(int id) {
        byte[] one = {(byte) id};
        return id == 256
                ? "<|im_start|>"
                : id == END
                        ? "<|im_end|>"
                        : id < 128
                                ? new String(one, StandardCharsets.US_ASCII)
                                : String.format(Locale.ROOT, "bytes:\\x%02x", id);
    }

    /** A list for each prompt and for each answer. */
    @Test
    void bothFormsTogether() throws Exception {
        ObjectNode body =
                scoring("llama", ids(List.of(tokens("the cat"), tokens("a")))).put("prompt_logprobs", 4);
        JsonNode choices = server.good(TEXT, body.toString()).path("choices");
        assertThat(choices.at("/0/prompt_logprobs")).hasSize(7);
        assertThat(choices.at("/0/prompt_logprobs/3").size()).isBetween(4, 5);
        assertThat(choices.at("/0/logprobs/top_logprobs/3").size()).isBetween(1, 2);
        assertThat(choices.at("/1/prompt_logprobs").toString()).isEqualTo("[null]");
        assertThat(choices.at("/1/logprobs/tokens")).hasSize(2);
    }

    /** The log probabilities count as memory of answers from the beginning, and a client that goes ends the computation. */
    @Test
    void aLongPromptEndsWithItsClient() throws Exception {
        Path endless = SmallModels.llama(temp.resolve("endless"), 1);
        Path config = endless.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 50000"));
        try (RunningServer slow = RunningServer.start("--model", endless, "--allow-base", "--grace", 0)) {
            int[] prompt = new SplittableRandom(1).ints(40000, 0, 256).toArray();
            CompletableFuture<HttpResponse<String>> answer = slow.client()
                    .sendAsync(
                            slow.request(TEXT)
                                    .POST(HttpRequest.BodyPublishers.ofString(scoring("endless", ids(List.of(prompt)))
                                            .toString()))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            // 128 bytes for each of 3 log probabilities of a token.
            Patience.await(() -> slow.figure("lora_http_answer_bytes") >= 40000 * 3 * 128);
            assertThat(answer.cancel(true)).isTrue();
            Patience.await(() -> slow.figure("lora_http_answer_bytes") == 0);
            Patience.await(() -> slow.figure("lora_requests_running{adapter=\"__base__\"}") == 0
                    && slow.figure("lora_requests_total{adapter=\"__base__\",outcome=\"cancelled\"}") == 1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"stream\": true} | logprobs is not supported beside stream and echo",
                "{\"stream\": true, \"logprobs\": null, \"prompt_logprobs\": 0} | prompt_logprobs is not supported beside stream",
                "{\"prompt_logprobs\": 21} | prompt_logprobs must be a whole number from 0 to 20",
                "{\"prompt_logprobs\": -1} | prompt_logprobs must be a whole number from 0 to 20",
                "{\"prompt_logprobs\": true} | prompt_logprobs must be a whole number from 0 to 20",
                "{\"echo\": false, \"max_tokens\": 0} | max_tokens must be a whole number from 1",
                "{\"max_tokens\": -1} | max_tokens must be a whole number from 0",
            })
    void whatIsWrongIsNamed(String fields, String message) throws Exception {
        ObjectNode body = scoring("llama", MAPPER.valueToTree("the cat"));
        body.setAll((ObjectNode) MAPPER.readTree(fields));
        HttpResponse<String> response = server.post(TEXT, body.toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(RunningServer.json(response).at("/error/message").asText()).contains(message);
    }
}
