package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.Patience;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.ClassScores;

/** Classifiers over HTTP: adapters with labels of their own, a model with a classifier, a decoder, and adapters that change. */
class ServeClassifyTest {
    private static final String CLASSIFY = "/v1/classify";
    private static final List<String> TEXTS = List.of("the ship sails", "a cat", "my dog barks");

    @TempDir
    static Path temp;

    private static Path bert;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        train(bert, "adapters/two", 2);
        train(bert, "adapters/three", 3);
        server = RunningServer.start(
                "--model", bert, "--adapters", temp.resolve("adapters"), "--classify", "--reload", "1");
    }

    private static void train(Path model, String folder, int classes, Object... more) throws Exception {
        Path data = Files.writeString(temp.resolve(classes + ".csv"), data(classes));
        Object[] settings = {
            "classify",
            "--model",
            model,
            "--data",
            data,
            "--output",
            temp.resolve(folder),
            "--epochs",
            2,
            "--rate",
            0.01
        };
        Cli.good(Cli.words(Cli.words(settings, "--no-baseline", "--overwrite"), more));
    }

    private static String data(int classes) {
        StringBuilder lines = new StringBuilder("text,label\n");
        for (int i = 0; i < 12 * classes; i++) {
            String word = List.of("cat", "ship", "dog", "sea").get(i % classes);
            lines.append("the %s a %s %s,about the %s%n".formatted(word, word, "x".repeat(i + 1), word));
        }
        return lines.toString();
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    private static String body(String model, Object input) throws Exception {
        return "{\"model\": \"" + model + "\", \"input\": " + new ObjectMapper().writeValueAsString(input) + "}";
    }

    private static void assertScores(JsonNode answer, Path model, @Nullable Path adapter) throws Exception {
        String name = adapter == null ? LoRAModel.BASE : TextClassifier.ADAPTER;
        try (TextClassifier classifier = TextClassifier.open(model, adapter, BaseStorage.of(Precision.FLOAT))) {
            List<ClassScores> expected =
                    classifier.predictEach(classifier.tokens(TEXTS), Collections.nCopies(TEXTS.size(), name));
            List<String> labels = new ArrayList<>();
            answer.path("labels").forEach(label -> labels.add(label.asText()));
            assertThat(labels).isEqualTo(classifier.labels().names());
            assertThat(answer.path("data")).hasSize(TEXTS.size());
            for (int i = 0; i < TEXTS.size(); i++) {
                JsonNode one = answer.path("data").get(i);
                assertThat(one.path("index").asInt()).isEqualTo(i);
                assertThat(one.path("label").asText()).isEqualTo(expected.get(i).best());
                assertThat(one.path("num_classes").asInt()).isEqualTo(labels.size());
                assertThat(one.path("probs")).hasSize(labels.size());
                for (int c = 0; c < labels.size(); c++) {
                    assertThat(one.path("probs").get(c).asDouble())
                            .isCloseTo(expected.get(i).values().get(c), within(1e-5));
                }
            }
        }
    }

    @Test
    void eachAdapterHasItsOwnLabels() throws Exception {
        for (String name : List.of("two", "three")) {
            HttpResponse<String> response = server.post(CLASSIFY, body(name, TEXTS));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            assertThat(response.headers().firstValue("x-lora-adapter")).hasValue(name);
            assertScores(
                    RunningServer.json(response), bert, temp.resolve("adapters").resolve(name));
        }
        JsonNode one = server.good("/classify", body("two", TEXTS.get(0)));
        assertThat(one.path("data")).hasSize(1);
        assertThat(one.at("/usage/prompt_tokens").asInt()).isPositive();
        assertThat(one.path("model").asText()).isEqualTo("two");
    }

    @Test
    @Tag("slow")
    void anAdapterThatIsReplacedBringsItsNewLabels() throws Exception {
        train(bert, "adapters/changing", 2);
        Path folder = temp.resolve("adapters/changing");
        assertScores(server.good(CLASSIFY, body("changing", TEXTS)), bert, folder);
        // It is written once: of two versions with four labels, the server may answer with the first.
        train(bert, "adapters/changing", 4, "--no-learn-all");
        Patience.await(() ->
                server.good(CLASSIFY, body("changing", TEXTS)).path("labels").size() == 4);
        assertScores(server.good(CLASSIFY, body("changing", TEXTS)), bert, folder);
    }

    /** Two adapters of the same numbers have one fingerprint. */
    @Test
    void labelsBelongToTheNameToo() throws Exception {
        for (String name : List.of("english", "deutsch")) {
            Path copy = Files.createDirectories(temp.resolve("translated").resolve(name));
            for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "task.json")) {
                Files.copy(temp.resolve("adapters/two").resolve(file), copy.resolve(file));
            }
        }
        Path task = temp.resolve("translated/deutsch/task.json");
        String english = Files.readString(task);
        Files.writeString(task, english.replace("about the cat", "Katze"));
        try (RunningServer both = RunningServer.start(
                "--model", bert, "--adapters", temp.resolve("translated"), "--classify", "--reload", "1")) {
            for (int i = 0; i < 2; i++) {
                assertThat(both.good(CLASSIFY, body("english", TEXTS))
                                .path("labels")
                                .toString())
                        .contains("about the cat");
                assertThat(both.good(CLASSIFY, body("deutsch", TEXTS))
                                .path("labels")
                                .toString())
                        .contains("Katze");
            }
            Files.writeString(task, english.replace("about the cat", "Kater"));
            Patience.await(() -> both.good(CLASSIFY, body("deutsch", TEXTS))
                    .path("labels")
                    .toString()
                    .contains("Kater"));
        }
    }

    /** A merged adapter is a model with a classifier of its own. */
    @Test
    void aModelWithAClassifierNeedsNoAdapter() throws Exception {
        train(bert, "pooler/three", 3, "--head", "pooler");
        Path merged = temp.resolve("merged");
        Cli.good("merge", "--model", bert, "--adapter", temp.resolve("pooler/three"), "--output", merged);
        for (String option : List.of("--classify", "--page")) {
            try (RunningServer alone = RunningServer.start("--model", merged, "--allow-base", option)) {
                assertScores(alone.good(CLASSIFY, body("merged", TEXTS)), merged, null);
                HttpResponse<String> embeddings = alone.post("/v1/embeddings", body("merged", TEXTS));
                assertThat(embeddings.statusCode()).isEqualTo(400);
                assertThat(embeddings.body()).contains("which classifies texts; use /v1/classify");
            }
        }
    }

    @Test
    void aDecoderClassifies() throws Exception {
        Path llama = SmallModels.llama(temp.resolve("llama"), 1);
        train(llama, "decoders/three", 3);
        try (RunningServer decoders =
                RunningServer.start("--model", llama, "--adapters", temp.resolve("decoders"), "--classify")) {
            assertScores(decoders.good(CLASSIFY, body("three", TEXTS)), llama, temp.resolve("decoders/three"));
        }
    }

    /** Each adapter says what its classifier reads and where texts are cut, also one that is trained while the server runs. */
    @Test
    void adaptersMayReadAndCutDifferently() throws Exception {
        train(bert, "apart/mean", 2, "--head", "mean");
        try (RunningServer apart =
                RunningServer.start("--model", bert, "--adapters", temp.resolve("apart"), "--classify")) {
            train(bert, "apart/pooler", 2, "--head", "pooler");
            train(bert, "apart/short", 2, "--head", "mean", "--max-tokens", 4);
            for (String name : List.of("mean", "pooler", "short")) {
                assertScores(
                        apart.good(CLASSIFY, body(name, TEXTS)),
                        bert,
                        temp.resolve("apart").resolve(name));
            }
        }
    }

    @Test
    void aModelWithoutAClassifierIsRefused() {
        Cli alone = Cli.run("serve", "--model", bert, "--allow-base", "--classify", "--port", 0);
        assertThat(alone.code()).isOne();
        assertThat(alone.err())
                .contains("the model must have a classifier with the head pooler to be served alone, found none");
        Cli both = Cli.run("serve", "--model", bert, "--allow-base", "--classify", "--rerank");
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err()).contains("--rerank and --classify must not be given together");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"input\": [] | input must be a text or a list of 1 to 1000 texts",
                "\"input\": \"\" | input must be a text or a list of 1 to 1000 texts",
                "\"input\": [1] | input[0] must be a text that is not empty, found '1'",
                "\"input\": [\"a\", \"\"] | input[1] must be a text that is not empty",
                "\"input\": {\"text\": \"a\"} | input must be a text or a list of 1 to 1000 texts",
                "\"input\": \"a\", \"truncate_prompt_tokens\": 5 | is not supported",
                "\"top_n\": 1 | is not supported",
                "\"user\": \"a\" | input must be a text or a list of 1 to 1000 texts, found nothing",
            })
    void wrongRequestsAreRefused(String fields, String message) throws Exception {
        HttpResponse<String> response = server.post(CLASSIFY, "{\"model\": \"two\", " + fields + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains(message);
        assertThat(server.post(CLASSIFY, body("none", TEXTS)).statusCode()).isEqualTo(404);
    }
}
