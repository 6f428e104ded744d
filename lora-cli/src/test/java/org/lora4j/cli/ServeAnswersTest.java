package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.Patience;

/** Several prompts and answers in one request, and the fields that decide how tokens are drawn. */
class ServeAnswersTest {
    private static final String TEXT = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    static Path temp;

    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        Path model = SmallModels.llama(temp.resolve("llama"), 1);
        for (String name : List.of("support", "style")) {
            RandomAdapters.write(
                    temp.resolve("adapters").resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
        }
        server = RunningServer.start("--model", model, "--adapters", temp.resolve("adapters"));
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    private static JsonNode answer(String prompt, String more) throws Exception {
        return server.good(TEXT, body(prompt, more));
    }

    private static String body(String prompt, String more) {
        return "{\"model\": \"style\", \"prompt\": " + prompt + ", \"max_tokens\": 10, " + more + "}";
    }

    private static List<String> texts(JsonNode answer) {
        List<String> texts = new ArrayList<>();
        for (JsonNode choice : answer.path("choices")) {
            assertThat(choice.path("index").asInt()).isEqualTo(texts.size());
            texts.add(choice.path("text").asText());
        }
        return texts;
    }

    private static String drawn(int seed) throws Exception {
        return texts(answer("\"the cat\"", "\"temperature\": 1.5, \"seed\": " + seed))
                .get(0);
    }

    @Test
    void eachAnswerToAPromptHasTheNextSeed() throws Exception {
        JsonNode several = answer("\"the cat\"", "\"temperature\": 1.5, \"seed\": 7, \"n\": 3");
        assertThat(texts(several)).containsExactly(drawn(7), drawn(8), drawn(9)).doesNotHaveDuplicates();
        assertThat(several.at("/usage/completion_tokens").asInt()).isEqualTo(30);
        assertThat(several.at("/usage/prompt_tokens").asInt())
                .isEqualTo(answer("\"the cat\"", "\"temperature\": 0")
                        .at("/usage/prompt_tokens")
                        .asInt());
    }

    @Test
    void severalPromptsHaveTheAnswersOfEach() throws Exception {
        String greedy = "\"temperature\": 0";
        JsonNode both = answer("[\"the cat\", \"a ship sails\"]", greedy + ", \"n\": 2");
        JsonNode first = answer("\"the cat\"", greedy);
        JsonNode second = answer("[\"a ship sails\"]", greedy);
        String one = texts(first).get(0);
        String other = texts(second).get(0);
        assertThat(texts(both)).containsExactly(one, one, other, other);
        assertThat(one).isNotEqualTo(other);
        assertThat(both.at("/usage/prompt_tokens").asInt())
                .isEqualTo(first.at("/usage/prompt_tokens").asInt()
                        + second.at("/usage/prompt_tokens").asInt());
        assertThat(texts(answer("[[4, 5], [6]]", greedy)))
                .containsExactly(
                        texts(answer("[4, 5]", greedy)).get(0),
                        texts(answer("[[6]]", greedy)).get(0));
    }

    @Test
    void anEchoBeginsWithThePrompt() throws Exception {
        String greedy = "\"temperature\": 0";
        String without = texts(answer("\"the cat\"", greedy)).get(0);
        assertThat(texts(answer("\"the cat\"", greedy + ", \"echo\": true"))).containsExactly("the cat" + without);
        assertThat(streamed("[\"the cat\", \"the\"]", greedy + ", \"echo\": true"))
                .isEqualTo(texts(answer("[\"the cat\", \"the\"]", greedy + ", \"echo\": true")));
    }

    /** The parts of a stream, put together by their index. */
    private static List<String> streamed(String prompt, String more) throws Exception {
        HttpResponse<String> response = server.post(TEXT, body(prompt, more + ", \"stream\": true"));
        List<StringBuilder> texts = new ArrayList<>();
        List<Integer> ended = new ArrayList<>();
        List<String> lines = response.body()
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .toList();
        for (String line : lines) {
            JsonNode choice = new ObjectMapper()
                    .readTree(line.substring("data: ".length()))
                    .at("/choices/0");
            int index = choice.path("index").asInt();
            while (texts.size() <= index) {
                texts.add(new StringBuilder());
            }
            assertThat(ended).doesNotContain(index);
            texts.get(index).append(choice.path("text").asText());
            if (!choice.path("finish_reason").isNull()) {
                ended.add(index);
            }
        }
        assertThat(ended)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, texts.size()).boxed().toList());
        return texts.stream().map(StringBuilder::toString).toList();
    }

    @Tag("slow")
    @Test
    void aStreamHasTheTextsOfTheWholeAnswer() throws Exception {
        String drawn = "\"temperature\": 1.5, \"seed\": 3, \"n\": 3";
        assertThat(streamed("[\"the cat\", \"a ship\"]", drawn))
                .hasSize(6)
                .isEqualTo(texts(answer("[\"the cat\", \"a ship\"]", drawn)));
    }

    /** Others go on. */
    @Test
    void aStopTextEndsOneAnswer() throws Exception {
        String drawn = "\"temperature\": 1.5, \"seed\": 3, \"n\": 4";
        List<String> whole = texts(answer("\"the cat\"", drawn));
        String first = whole.get(1);
        String stop = first.substring(first.offsetByCodePoints(0, 3));
        String quoted = new ObjectMapper().writeValueAsString(stop);
        JsonNode cut = answer("\"the cat\"", drawn + ", \"stop\": " + quoted);
        for (int i = 0; i < whole.size(); i++) {
            int end = whole.get(i).indexOf(stop);
            assertThat(texts(cut).get(i))
                    .isEqualTo(end < 0 ? whole.get(i) : whole.get(i).substring(0, end));
            assertThat(cut.at("/choices/" + i + "/finish_reason").asText()).isEqualTo(end < 0 ? "length" : "stop");
        }
        assertThat(cut.at("/choices/1/finish_reason").asText()).isEqualTo("stop");
        assertThat(streamed("\"the cat\"", drawn + ", \"stop\": " + quoted)).isEqualTo(texts(cut));
    }

    /** With one token to choose from, draws are greedy. */
    @ParameterizedTest
    @CsvSource({"top_k, 1", "min_p, 1"})
    void fewerTokensToDrawFrom(String field, String value) throws Exception {
        String drawn = "\"temperature\": 1.5, \"seed\": 3";
        String greedy = texts(answer("\"the cat\"", "\"temperature\": 0")).get(0);
        assertThat(drawn(3)).isNotEqualTo(greedy);
        assertThat(texts(answer("\"the cat\"", drawn + ", \"" + field + "\": " + value)))
                .containsExactly(greedy);
        // All of them.
        assertThat(texts(answer("\"the cat\"", drawn + ", \"top_k\": -1, \"min_p\": 0")))
                .containsExactly(drawn(3));
    }

    @Test
    void aPenaltyChangesWhatIsRepeated() throws Exception {
        String greedy = "\"temperature\": 0";
        assertThat(texts(answer("\"the cat the cat the cat\"", greedy + ", \"repetition_penalty\": 5")))
                .isNotEqualTo(texts(answer("\"the cat the cat the cat\"", greedy)));
    }

    /** A token that is far more probable always comes, and one that is far less probable never. */
    @Test
    void aBiasDecides() throws Exception {
        String greedy = "\"temperature\": 0";
        assertThat(texts(answer("\"the cat\"", greedy + ", \"logit_bias\": {\"65\": 100}")))
                .containsExactly("A".repeat(10));
        assertThat(texts(answer("\"the cat\"", greedy + ", \"logit_bias\": {\"65\": -100, \"66\": 100}")))
                .containsExactly("B".repeat(10));
        HttpResponse<String> outside =
                server.post(TEXT, body("\"the cat\"", greedy + ", \"logit_bias\": {\"99999\": 1}"));
        assertThat(outside.statusCode()).isEqualTo(400);
    }

    @Test
    void tokensThatCameOftenBecomeLessProbable() throws Exception {
        String biased = "{\"model\": \"style\", \"prompt\": \"the cat\", \"max_tokens\": 60, \"temperature\": 0,"
                + " \"logit_bias\": {\"65\": 40}";
        String plain = texts(server.good(TEXT, biased + "}")).get(0);
        assertThat(plain).isEqualTo("A".repeat(60));
        String penalized =
                texts(server.good(TEXT, biased + ", \"frequency_penalty\": 2}")).get(0);
        assertThat(penalized).startsWith("AAAAA").isNotEqualTo(plain);
        assertThat(texts(server.good(TEXT, biased + ", \"presence_penalty\": 2}"))
                        .get(0))
                .isEqualTo(plain);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | prompt must be a text",
                "[1, \"a\"] | prompt must be a text",
                "{} | prompt must be a text",
                "[\"a\", [1], []] | prompt must be a text",
                "[\"a\", \"b\", \"c\"], \"n\": 30 | n must be so small that all prompts have at most 64 answers together",
            })
    void wrongPromptsAreRefused(String prompt, String message) throws Exception {
        HttpResponse<String> response = server.post(TEXT, body(prompt, "\"temperature\": 0"));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains(message);
    }

    /** Each is computed by itself, so a request that asks for more than may wait is refused as a whole. */
    @Test
    void answersThatCannotAllWaitAreRefusedTogether() throws Exception {
        try (RunningServer small = RunningServer.start(
                "--model",
                temp.resolve("llama"),
                "--adapters",
                temp.resolve("adapters"),
                "--max-waiting",
                40,
                "--max-running",
                1)) {
            String many = "\"temperature\": 0, \"n\": 64";
            HttpResponse<String> response = small.post(TEXT, body("\"the cat sat on the mat\"", many));
            assertThat(response.statusCode()).as(response.body()).isIn(429, 503);
            assertThat(small.good(TEXT, body("\"the cat\"", "\"temperature\": 0"))
                            .path("choices"))
                    .hasSize(1);
            Patience.await(() -> small.figure("lora_requests_running{adapter=\"style\"}") == 0);
        }
    }

    @Test
    void aChatHasSeveralAnswers() throws Exception {
        String chat = "{\"model\": \"style\", \"messages\": [{\"role\": \"user\", \"content\": \"the cat?\"}],"
                + " \"temperature\": 1.5, \"max_tokens\": 8, \"seed\": ";
        JsonNode three = server.good(CHAT, chat + "5, \"n\": 3}");
        for (int i = 0; i < 3; i++) {
            assertThat(three.at("/choices/" + i + "/message"))
                    .isEqualTo(server.good(CHAT, chat + (5 + i) + "}").at("/choices/0/message"));
        }
    }
}
