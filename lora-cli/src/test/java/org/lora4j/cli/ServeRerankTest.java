package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;

/** Rerankers over HTTP: with adapters that bring a head, with a classifier of their own, and a decoder that answers yes or no. */
class ServeRerankTest {
    private static final String RERANK = "/v1/rerank";
    private static final List<String> DOCUMENTS =
            List.of("the ship sails", "a cat", "the sea", "a dog barks", "my dog");

    @TempDir
    static Path temp;

    private static Path bert;
    private static Path data;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            lines.append("{\"query\": \"the cat\", \"passage\": \"%s\", \"label\": %s}\n"
                    .formatted(i % 2 == 0 ? "a cat" : "the ship sails", 1 - i % 2));
        }
        data = Files.writeString(temp.resolve("data.jsonl"), lines);
        train("adapters/first", 1);
        train("adapters/second", 2);
        train("means/mean", 3, "--head", "mean");
        server = RunningServer.start("--model", bert, "--adapters", temp.resolve("adapters"), "--rerank");
    }

    private static void train(String folder, int seed, Object... more) {
        Object[] settings = {
            "rerank", "--model", bert, "--data", data, "--output", temp.resolve(folder), "--epochs", 2, "--rate", 0.01
        };
        Cli.good(Cli.words(Cli.words(settings, "--seed", seed, "--validation", 0), more));
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    private static String body(String model, String more) throws Exception {
        return "{\"model\": \"" + model + "\", \"query\": \"the cat\", \"documents\": "
                + new ObjectMapper().writeValueAsString(DOCUMENTS) + more + "}";
    }

    /** The scores that {@code lora predict} writes, in the order of the documents. */
    private static List<Double> predicted(Path model, @Nullable Path adapter, String name) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (String document : DOCUMENTS) {
            lines.append("{\"query\": \"the cat\", \"passage\": \"" + document + "\"}\n");
        }
        Path input = Files.writeString(temp.resolve(name + ".jsonl"), lines);
        Path output = temp.resolve(name + "-scores.jsonl");
        Object[] words = {"predict", "--model", model, "--data", input, "--output", output, "--query", "query"};
        Cli.good(adapter == null ? words : Cli.words(words, "--adapter", adapter));
        List<Double> scores = new ArrayList<>();
        for (TextRow row : TextFiles.jsonl(output)) {
            scores.add(new ObjectMapper().readTree(row.json()).get("score").asDouble());
        }
        return scores;
    }

    private static void assertScores(JsonNode answer, List<Double> expected) {
        List<Double> scores = new ArrayList<>();
        assertThat(answer.path("results")).hasSize(expected.size());
        for (JsonNode result : answer.path("results")) {
            double score = result.path("relevance_score").asDouble();
            assertThat(score).isCloseTo(expected.get(result.path("index").asInt()), within(1e-5));
            scores.add(score);
        }
        assertThat(scores).isSortedAccordingTo(Comparator.reverseOrder());
    }

    @Test
    void eachAdapterScoresWithItsOwnHead() throws Exception {
        List<Double> first = predicted(bert, temp.resolve("adapters/first"), "first");
        List<Double> second = predicted(bert, temp.resolve("adapters/second"), "second");
        assertScores(server.good(RERANK, body("first", "")), first);
        assertScores(server.good("/v2/rerank", body("second", "")), second);
        assertThat(first).isNotEqualTo(second);
        HttpResponse<String> answer = server.post(RERANK, body("first", ""));
        assertThat(answer.headers().firstValue("x-lora-adapter")).hasValue("first");
        JsonNode json = RunningServer.json(answer);
        assertThat(json.path("model").asText()).isEqualTo("first");
        assertThat(json.at("/usage/total_tokens").asInt()).isPositive();
        assertThat(json.at("/meta/billed_units/search_units").asInt()).isOne();
    }

    @Test
    void theBestOnesComeWithTheirTexts() throws Exception {
        JsonNode all = server.good(RERANK, body("first", ""));
        JsonNode two = server.good(RERANK, body("first", ", \"top_n\": 2, \"return_documents\": true"));
        assertThat(two.path("results")).hasSize(2);
        for (int i = 0; i < 2; i++) {
            JsonNode result = two.path("results").get(i);
            assertThat(result.path("relevance_score"))
                    .isEqualTo(all.path("results").get(i).path("relevance_score"));
            assertThat(result.at("/document/text").asText())
                    .isEqualTo(DOCUMENTS.get(result.path("index").asInt()));
        }
        assertThat(all.at("/results/0").has("document")).isFalse();
        String objects = body("first", "").replace("\"a cat\"", "{\"text\": \"a cat\"}");
        assertThat(server.good(RERANK, objects).path("results")).isEqualTo(all.path("results"));
    }

    /** A merged adapter is a model with a classifier of one output. */
    @Test
    void aModelWithAClassifierOfItsOwnNeedsNoAdapter() throws Exception {
        Path merged = temp.resolve("merged");
        Cli.good("merge", "--model", bert, "--adapter", temp.resolve("adapters/first"), "--output", merged);
        List<Double> expected = predicted(bert, temp.resolve("adapters/first"), "merged");
        try (RunningServer alone = RunningServer.start("--model", merged, "--allow-base", "--rerank")) {
            assertScores(alone.good(RERANK, body("merged", "")), expected);
        }
    }

    @Test
    void aDecoderAnswersYesOrNo() throws Exception {
        Path decoder = SmallModels.reranker(temp.resolve("decoder"), 1);
        List<Double> expected = predicted(decoder, null, "decoder");
        try (RunningServer alone = RunningServer.start("--model", decoder, "--allow-base", "--rerank")) {
            assertScores(alone.good(RERANK, body("decoder", "")), expected);
            HttpResponse<String> chat = alone.post("/v1/chat/completions", body("decoder", ""));
            assertThat(chat.statusCode()).isEqualTo(400);
            assertThat(chat.body()).contains("scores pairs of texts; use /v1/rerank");
        }
    }

    /** Each adapter says what its classifier reads, also one that is trained while the server runs. */
    @Test
    void adaptersMayReadDifferentThings() throws Exception {
        List<Double> expected = predicted(bert, temp.resolve("means/mean"), "mean");
        try (RunningServer means =
                RunningServer.start("--model", bert, "--adapters", temp.resolve("means"), "--rerank")) {
            assertScores(means.good(RERANK, body("mean", "")), expected);
            train("means/pooler", 4);
            assertScores(
                    means.good(RERANK, body("pooler", "")), predicted(bert, temp.resolve("means/pooler"), "pooler"));
            assertScores(means.good(RERANK, body("mean", "")), expected);
        }
    }

    @Test
    void aModelWithoutAClassifierIsRefused() {
        Cli alone = Cli.run("serve", "--model", bert, "--allow-base", "--rerank", "--port", 0);
        assertThat(alone.code()).isOne();
        assertThat(alone.err())
                .contains("the model must have a classifier with the head pooler to be served alone, found none");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"documents\": [] | documents must be a list of 1 to 1000 texts",
                "\"documents\": \"a\" | documents must be a list of 1 to 1000 texts",
                "\"documents\": [1] | documents[0] must be a text",
                "\"documents\": [\"a\", {\"text\": \"a\", \"title\": \"b\"}] | documents[1] must be a text, or an object with the field text alone",
                "\"documents\": [\"a\"], \"top_n\": 0 | top_n must be a whole number",
                "\"documents\": [\"a\"], \"rank_fields\": [\"b\"] | is not supported",
                "\"documents\": [\"a\"], \"max_tokens_per_doc\": 5 | is not supported",
                "\"top_n\": 1 | documents must be a list",
            })
    void wrongRequestsAreRefused(String fields, String message) throws Exception {
        HttpResponse<String> response =
                server.post(RERANK, "{\"model\": \"first\", \"query\": \"the cat\", " + fields + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains(message);
        assertThat(server.post(RERANK, body("first", "").replace("\"query\"", "\"user\""))
                        .body())
                .contains("query must be a text, found nothing");
    }
}
