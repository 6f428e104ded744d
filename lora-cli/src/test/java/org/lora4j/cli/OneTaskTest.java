package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.Correlation;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.TextTags;

/** The command line and the server give the answers of the library to adapters of all tasks, to the bit. */
class OneTaskTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static Path rows(boolean pairs) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String text : OneTask.TEXTS) {
            lines.add(JSON.writeValueAsString(
                    pairs ? Map.of("query", OneTask.QUERY, "passage", text) : Map.of("text", text)));
        }
        return Files.write(temp.resolve(pairs ? "pairs.jsonl" : "texts.jsonl"), lines);
    }

    private static List<JsonNode> run(String command, Path model, Path adapter, boolean pairs, Object... more)
            throws IOException {
        Path output = temp.resolve("out.jsonl");
        Files.deleteIfExists(output);
        Object[] words = {command, "--model", model, "--adapter", adapter, "--data", rows(pairs), "--output", output};
        Cli.good(Cli.words(words, more));
        List<JsonNode> found = new ArrayList<>();
        for (String line : Files.readAllLines(output)) {
            found.add(JSON.readTree(line));
        }
        return found;
    }

    @Test
    void embedGivesTheAnswersOfTheLibrary() throws IOException {
        for (Path model : tasks.embedders()) {
            for (String name : List.of(OneTask.SEARCH, OneTask.WHOLE)) {
                for (Embed.Kind kind : Embed.Kind.values()) {
                    float[][] found =
                            run("embed", model, tasks.adapters(model).resolve(name), false, "--kind", kind).stream()
                                    .map(row -> JSON.convertValue(row.path("embedding"), float[].class))
                                    .toArray(float[][]::new);
                    assertThat(found)
                            .as(model + " " + name + " " + kind)
                            .isDeepEqualTo(tasks.embeddings(model, name, kind));
                }
            }
        }
    }

    @Test
    void predictGivesTheAnswersOfTheLibrary() throws IOException {
        for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT)) {
            requireClasses(tasks.encoder(), tasks.encoderAdapters(), name);
        }
        requireClasses(tasks.decoder(), tasks.decoderAdapters(), OneTask.LAST);
        for (Path model : List.of(tasks.encoder(), tasks.decoder())) {
            requireLabelsAndNumbers(model);
        }
        requireScores(tasks.encoder(), tasks.encoderAdapters(), OneTask.RANK);
        requireScores(tasks.decoder(), tasks.decoderAdapters(), OneTask.YES);
        requireClassesOfPairs();
        for (Path model : List.of(tasks.encoder(), tasks.decoder())) {
            for (String name : OneTask.TAGGERS) {
                List<JsonNode> found =
                        run("predict", model, tasks.adapters(model).resolve(name), false);
                List<TextTags> expected = tasks.tags(model, name);
                for (int i = 0; i < expected.size(); i++) {
                    requireSpans(found.get(i), expected.get(i).inCodePoints());
                }
            }
        }
    }

    private static void requireSpans(JsonNode answer, TextTags expected) {
        List<TextTags.Span> spans = new ArrayList<>();
        for (JsonNode span : answer.path("spans")) {
            spans.add(JSON.convertValue(span, TextTags.Span.class));
        }
        assertThat(spans).isEqualTo(expected.spans());
    }

    private static void requireClasses(Path model, Path adapters, String name) throws IOException {
        List<JsonNode> found = run("predict", model, adapters.resolve(name), false);
        List<Map<String, Double>> expected = tasks.classes(model, name);
        for (int i = 0; i < expected.size(); i++) {
            String best = found.get(i).path("predicted").asText();
            double value = found.get(i).path("probability").asDouble();
            assertThat(expected.get(i)).as(name).containsEntry(best, value);
            assertThat(expected.get(i).values()).allMatch(other -> other <= value);
        }
    }

    private static void requireLabelsAndNumbers(Path model) throws IOException {
        List<JsonNode> labels = run("predict", model, tasks.adapters(model).resolve(OneTask.SEVERAL), false);
        List<JsonNode> numbers = run("predict", model, tasks.adapters(model).resolve(OneTask.NUMBER), false);
        List<ClassScores> scores = tasks.classScores(model, OneTask.SEVERAL);
        for (int i = 0; i < labels.size(); i++) {
            assertThat(JSON.convertValue(labels.get(i).path("predicted"), String[].class))
                    .containsExactlyElementsOf(scores.get(i).chosen());
            JsonNode probabilities = labels.get(i).path("probabilities");
            tasks.classes(model, OneTask.SEVERAL)
                    .get(i)
                    .forEach((label, value) ->
                            assertThat(probabilities.path(label).asDouble()).isEqualTo(value));
            assertThat(numbers.get(i).path("predicted").asDouble())
                    .isEqualTo(tasks.classScores(model, OneTask.NUMBER).get(i).number());
        }
    }

    private static void requireScores(Path model, Path adapters, String name) throws IOException {
        double[] found = run("predict", model, adapters.resolve(name), true).stream()
                .mapToDouble(row -> row.path("score").asDouble())
                .toArray();
        assertThat(found).as(name).isEqualTo(tasks.scores(model, name));
    }

    private static void requireClassesOfPairs() throws IOException {
        Object[] columns = {"--text", "query", "--text-pair", "passage"};
        List<JsonNode> numbers =
                run("predict", tasks.encoder(), tasks.encoderAdapters().resolve(OneTask.SIMILAR), true, columns);
        List<JsonNode> classes =
                run("predict", tasks.encoder(), tasks.encoderAdapters().resolve(OneTask.FOLLOWS), true, columns);
        List<ClassScores> expectedNumbers = tasks.pairClasses(tasks.encoder(), OneTask.SIMILAR);
        List<ClassScores> expectedClasses = tasks.pairClasses(tasks.encoder(), OneTask.FOLLOWS);
        for (int i = 0; i < numbers.size(); i++) {
            assertThat(numbers.get(i).path("predicted").asDouble())
                    .isEqualTo(expectedNumbers.get(i).number());
            assertThat(classes.get(i).path("predicted").asText())
                    .isEqualTo(expectedClasses.get(i).best());
        }
    }

    private static void requireClassesOfPairs(RunningServer server) throws Exception {
        List<List<String>> pairs = OneTask.PAIRS.stream()
                .map(pair -> List.of(pair.first(), pair.second()))
                .toList();
        JsonNode numbers = server.good("/v1/classify", body(Map.of("model", OneTask.SIMILAR, "input", pairs)));
        JsonNode classes = server.good("/v1/classify", body(Map.of("model", OneTask.FOLLOWS, "input", pairs)));
        assertThat(numbers.path("problem_type").asText()).isEqualTo("regression");
        for (int i = 0; i < pairs.size(); i++) {
            assertThat(numbers.at("/data/" + i + "/values/0").asDouble())
                    .isEqualTo(tasks.pairClasses(tasks.encoder(), OneTask.SIMILAR)
                            .get(i)
                            .number());
            assertThat(JSON.convertValue(classes.at("/data/" + i + "/probs"), Double[].class))
                    .containsExactlyElementsOf(tasks.pairClasses(tasks.encoder(), OneTask.FOLLOWS)
                            .get(i)
                            .values());
        }
        requireWrongInput(server, OneTask.SIMILAR, OneTask.TEXTS, "a list of two texts");
        requireWrongInput(server, OneTask.SIMILAR, "parcel", "pairs of texts");
        for (List<String> pair : List.of(List.of("", "parcel"), List.of("parcel", ""))) {
            requireWrongInput(
                    server,
                    OneTask.FOLLOWS,
                    List.of(List.of("parcel", "late"), pair),
                    "input[1] must be a list of two texts that are not empty");
        }
        requireWrongInput(server, OneTask.TOPICS, pairs, "input[0] must be a text that is not empty");
        requireWrongInput(server, OneTask.TOPICS, List.of("parcel", ""), "input[1] must be a text that is not empty");
    }

    private static void requireWrongInput(RunningServer server, String model, Object input, String rule)
            throws Exception {
        HttpResponse<String> answer = server.post("/v1/classify", body(Map.of("model", model, "input", input)));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains(rule);
    }

    @Test
    void generateAndChatGiveTheAnswersOfTheLibrary() throws IOException {
        for (String name : OneTask.ANSWERERS) {
            Path adapter = tasks.adapters(tasks.chats()).resolve(name);
            Object[] words = {"--model", tasks.chats(), "--adapter", adapter, "--max-new-tokens", OneTask.NEW_TOKENS};
            String expected = tasks.answer(name);
            assertThat(Cli.good(Cli.words(new Object[] {"generate", "--prompt", OneTask.QUERY}, words))
                            .out()
                            .strip())
                    .isEqualTo(expected);
            assertThat(Cli.withInput(OneTask.QUERY + "\n", Cli.words(new Object[] {"chat"}, words))
                            .out()
                            .strip())
                    .isEqualTo(expected);
            Files.writeString(
                    temp.resolve("questions.jsonl"), JSON.writeValueAsString(Map.of("text", OneTask.QUERY)) + "\n");
            Path output = temp.resolve("answers.jsonl");
            Files.deleteIfExists(output);
            Cli.good(Cli.words(
                    new Object[] {"predict", "--data", temp.resolve("questions.jsonl"), "--output", output}, words));
            assertThat(JSON.readTree(output.toFile()).path("predicted").asText())
                    .isEqualTo(expected);
        }
        assertThat(tasks.answer(OneTask.ANSWERERS.get(0))).isNotEqualTo(tasks.answer(OneTask.ANSWERERS.get(1)));
    }

    /** The measures of a file are those of the answers of the library. */
    @Test
    void evaluateMeasuresTheAnswersOfTheLibrary() throws IOException {
        for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT)) {
            requireMeasuredClasses(tasks.encoder(), name);
        }
        requireMeasuredClasses(tasks.decoder(), OneTask.LAST);
        requireMeasuredPairs(tasks.encoder(), OneTask.RANK, tasks.scores(tasks.encoder(), OneTask.RANK));
        requireMeasuredPairs(tasks.decoder(), OneTask.YES, tasks.scores(tasks.decoder(), OneTask.YES));
        for (Path model : tasks.embedders()) {
            requireMeasuredPairs(model, OneTask.SEARCH, tasks.similarities(model, OneTask.SEARCH));
        }
        requireMeasuredPairs(tasks.encoder(), OneTask.WHOLE, tasks.similarities(tasks.encoder(), OneTask.WHOLE));
        for (String name : OneTask.ANSWERERS) {
            List<Map<String, ?>> rows = new ArrayList<>();
            OneTask.TEXTS.forEach(text -> rows.add(Map.of("prompt", OneTask.QUERY, "completion", text)));
            JsonNode found = evaluate(tasks.chats(), name, rows);
            List<Perplexity> expected = tasks.perplexities(name);
            long tokens = expected.stream().mapToLong(Perplexity::tokens).sum();
            assertThat(found.at("/metrics/tokens").asLong()).isEqualTo(tokens);
            assertThat(found.at("/metrics/loss").asDouble())
                    .isEqualTo(expected.stream().mapToDouble(Perplexity::nats).sum() / tokens);
        }
    }

    private static JsonNode evaluate(Path model, String adapter, List<Map<String, ?>> rows, Object... more)
            throws IOException {
        List<String> lines = new ArrayList<>();
        for (Map<String, ?> row : rows) {
            lines.add(JSON.writeValueAsString(row));
        }
        Path data = Files.write(temp.resolve("tested.jsonl"), lines);
        Object[] words = {
            "evaluate", "--model", model, "--adapter", tasks.adapters(model).resolve(adapter), "--data", data, "--json"
        };
        return Cli.good(Cli.words(words, more)).json();
    }

    /** The first text has a label that is wrong, the others the right one. */
    private static void requireMeasuredClasses(Path model, String name) throws IOException {
        List<Map<String, ?>> rows = new ArrayList<>();
        List<Map<String, Double>> classes = tasks.classes(model, name);
        double[] values = new double[classes.size()];
        boolean[] right = new boolean[classes.size()];
        for (int i = 0; i < values.length; i++) {
            List<Map.Entry<String, Double>> sorted = classes.get(i).entrySet().stream()
                    .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                    .toList();
            values[i] = sorted.get(0).getValue();
            right[i] = i > 0;
            rows.add(Map.of(
                    "text",
                    OneTask.TEXTS.get(i),
                    "label",
                    sorted.get(i == 0 ? 1 : 0).getKey()));
        }
        JsonNode found = evaluate(model, name, rows);
        assertThat(found.at("/metrics/accuracy").asDouble()).isEqualTo((values.length - 1) / (double) values.length);
        assertThat(found.at("/calibration/expectedError").asDouble())
                .as(name)
                .isEqualTo(Calibration.of(values, right, Calibration.BINS).expectedError());
    }

    private static void requireMeasuredPairs(Path model, String name, double[] scores) throws IOException {
        List<Map<String, ?>> rows = new ArrayList<>();
        double[] grades = new double[scores.length];
        for (int i = 0; i < grades.length; i++) {
            grades[i] = i * i;
            rows.add(Map.of(
                    "query",
                    OneTask.QUERY,
                    "positive",
                    OneTask.TEXTS.get(i),
                    "passage",
                    OneTask.TEXTS.get(i),
                    "grade",
                    grades[i]));
        }
        assertThat(evaluate(model, name, rows, "--score", "grade")
                        .path("pearson")
                        .asDouble())
                .as(model + " " + name)
                .isCloseTo(Correlation.pearson(scores, grades), within(1e-12));
    }

    /** A server needs no option that says what its adapters are for. */
    @Test
    void theServerGivesTheAnswersOfTheLibrary() throws Exception {
        for (Path model : tasks.embedders()) {
            try (RunningServer server = RunningServer.start("--model", model, "--adapters", tasks.adapters(model))) {
                for (String name : List.of(OneTask.SEARCH, OneTask.WHOLE)) {
                    for (Embed.Kind kind : Embed.Kind.values()) {
                        assertThat(embeddings(
                                        server,
                                        name,
                                        kind == Embed.Kind.TEXT
                                                ? null
                                                : kind.name().toLowerCase(Locale.ROOT)))
                                .as(model + " " + name + " " + kind)
                                .isDeepEqualTo(tasks.embeddings(model, name, kind));
                    }
                }
            }
        }
        try (RunningServer server =
                RunningServer.start("--model", tasks.encoder(), "--adapters", tasks.encoderAdapters())) {
            for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT)) {
                assertThat(classes(server, name)).as(name).isEqualTo(tasks.classes(tasks.encoder(), name));
            }
            requireLabelsAndNumbers(server, tasks.encoder());
            assertThat(scores(server, OneTask.RANK)).isEqualTo(tasks.scores(tasks.encoder(), OneTask.RANK));
            requireTags(server, tasks.encoder());
            requireClassesOfPairs(server);
            requireRefusal(server, OneTask.SIMILAR, "/v1/tag", "input", "/v1/classify");
            requireRefusal(server, OneTask.NAMES, "/v1/classify", "input", "/v1/tag");
            requireRefusal(server, OneTask.TOPICS, "/v1/tag", "input", "/v1/classify");
            requireRefusal(server, OneTask.TOPICS, "/v1/embeddings", "input", "/v1/classify");
            requireRefusal(server, OneTask.SEARCH, "/v1/classify", "input", "/v1/embeddings");
            requireRefusal(server, OneTask.RANK, "/v1/embeddings", "input", "/v1/rerank");
            Map<String, JsonNode> models = models(server);
            assertThat(models.get(OneTask.SEARCH))
                    .hasToString("{\"task\":\"embed\",\"dimensions\":3,\"max_tokens\":6}");
            assertThat(models.get(OneTask.TOPICS))
                    .hasToString("{\"task\":\"classify\",\"labels\":[\"a\",\"b\",\"c\"],\"max_tokens\":7}");
            assertThat(models.get(OneTask.SEVERAL))
                    .hasToString("{\"task\":\"classify\",\"labels\":[\"late\",\"lost\",\"broken\"],"
                            + "\"problem_type\":\"multi_label_classification\",\"max_tokens\":8}");
            assertThat(models.get(OneTask.SIMILAR))
                    .hasToString("{\"task\":\"classify\",\"labels\":[\"similarity\"],"
                            + "\"problem_type\":\"regression\",\"text_pair\":true,\"max_tokens\":9}");
            assertThat(models.get(OneTask.NAMES))
                    .hasToString("{\"task\":\"tag\",\"labels\":[\"O\",\"B-PER\",\"I-PER\",\"B-LOC\",\"I-LOC\"],"
                            + "\"max_tokens\":6}");
            assertThat(models.get(OneTask.RANK)).hasToString("{\"task\":\"rerank\",\"max_tokens\":9}");
        }
    }

    @Test
    void theServerOfADecoderGivesTheAnswersOfTheLibrary() throws Exception {
        try (RunningServer server =
                RunningServer.start("--model", tasks.decoder(), "--adapters", tasks.decoderAdapters())) {
            assertThat(classes(server, OneTask.LAST)).isEqualTo(tasks.classes(tasks.decoder(), OneTask.LAST));
            assertThat(scores(server, OneTask.YES)).isEqualTo(tasks.scores(tasks.decoder(), OneTask.YES));
            requireLabelsAndNumbers(server, tasks.decoder());
            requireTags(server, tasks.decoder());
            requireRefusal(server, OneTask.LAST, "/v1/completions", "prompt", "/v1/classify");
            requireRefusal(server, OneTask.NAMES, "/v1/completions", "prompt", "/v1/tag");
        }
    }

    @Test
    void theServerGivesTheGeneratedAnswersOfTheLibrary() throws Exception {
        try (RunningServer server =
                RunningServer.start("--model", tasks.chats(), "--adapters", tasks.adapters(tasks.chats()))) {
            for (String name : OneTask.ANSWERERS) {
                JsonNode answer = server.good(
                        "/v1/chat/completions",
                        body(Map.of(
                                "model",
                                name,
                                "messages",
                                List.of(Map.of("role", "user", "content", OneTask.QUERY)),
                                "temperature",
                                0,
                                "max_tokens",
                                OneTask.NEW_TOKENS)));
                assertThat(answer.at("/choices/0/message/content").asText()).isEqualTo(tasks.answer(name));
            }
        }
    }

    private static String body(Map<String, ?> fields) throws IOException {
        return JSON.writeValueAsString(fields);
    }

    private static float[][] embeddings(RunningServer server, String model, @Nullable String type) throws Exception {
        Map<String, Object> fields = new TreeMap<>(Map.of("model", model, "input", OneTask.TEXTS));
        if (type != null) {
            fields.put("input_type", type);
        }
        List<float[]> found = new ArrayList<>();
        server.good("/v1/embeddings", body(fields))
                .path("data")
                .forEach(one -> found.add(JSON.convertValue(one.path("embedding"), float[].class)));
        return found.toArray(float[][]::new);
    }

    private static List<Map<String, Double>> classes(RunningServer server, String model) throws Exception {
        JsonNode answer = server.good("/v1/classify", body(Map.of("model", model, "input", OneTask.TEXTS)));
        List<Map<String, Double>> found = new ArrayList<>();
        for (JsonNode one : answer.path("data")) {
            Map<String, Double> values = new TreeMap<>();
            for (int i = 0; i < one.path("probs").size(); i++) {
                values.put(
                        answer.path("labels").path(i).asText(),
                        one.path("probs").path(i).asDouble());
            }
            found.add(values);
        }
        return found;
    }

    private static void requireLabelsAndNumbers(RunningServer server, Path model) throws Exception {
        assertThat(classes(server, OneTask.SEVERAL)).isEqualTo(tasks.classes(model, OneTask.SEVERAL));
        JsonNode labels = server.good("/v1/classify", body(Map.of("model", OneTask.SEVERAL, "input", OneTask.TEXTS)));
        JsonNode numbers = server.good("/v1/classify", body(Map.of("model", OneTask.NUMBER, "input", OneTask.TEXTS)));
        assertThat(labels.path("problem_type").asText()).isEqualTo("multi_label_classification");
        assertThat(numbers.path("problem_type").asText()).isEqualTo("regression");
        assertThat(numbers.path("labels")).hasToString("[\"stars\"]");
        for (int i = 0; i < OneTask.TEXTS.size(); i++) {
            assertThat(JSON.convertValue(labels.path("data").path(i).path("labels"), String[].class))
                    .containsExactlyElementsOf(
                            tasks.classScores(model, OneTask.SEVERAL).get(i).chosen());
            assertThat(JSON.convertValue(numbers.path("data").path(i).path("values"), double[].class))
                    .containsExactly(
                            tasks.classScores(model, OneTask.NUMBER).get(i).number());
        }
    }

    /** Offsets count code points unless a request asks for those of UTF-16. */
    private static void requireTags(RunningServer server, Path model) throws Exception {
        for (String name : OneTask.TAGGERS) {
            List<TextTags> expected = tasks.tags(model, name);
            Map<String, Object> fields = new TreeMap<>(Map.of("model", name, "input", OneTask.TEXTS));
            JsonNode answer = server.good("/v1/tag", body(fields));
            fields.put("offsets", "utf16");
            JsonNode utf16 = server.good("/v1/tag", body(fields));
            assertThat(answer.path("offsets").asText()).isEqualTo("code_points");
            assertThat(utf16.path("offsets").asText()).isEqualTo("utf16");
            assertThat(answer.path("data")).hasSize(expected.size());
            for (int i = 0; i < expected.size(); i++) {
                requireSpans(answer.path("data").path(i), expected.get(i).inCodePoints());
                requireSpans(utf16.path("data").path(i), expected.get(i));
            }
            fields.put("offsets", "bytes");
            HttpResponse<String> refused = server.post("/v1/tag", body(fields));
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("code_points or utf16");
        }
    }

    private static double[] scores(RunningServer server, String model) throws Exception {
        JsonNode answer = server.good(
                "/v1/rerank", body(Map.of("model", model, "query", OneTask.QUERY, "documents", OneTask.TEXTS)));
        double[] found = new double[OneTask.TEXTS.size()];
        answer.path("results")
                .forEach(one -> found[one.path("index").asInt()] =
                        one.path("relevance_score").asDouble());
        return found;
    }

    /** A request for another task names the path of the right one. */
    private static void requireRefusal(RunningServer server, String model, String path, String field, String right)
            throws Exception {
        HttpResponse<String> answer = server.post(path, body(Map.of("model", model, field, "where is my parcel")));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(RunningServer.json(answer).path("error").path("message").asText())
                .contains("'" + model + "'")
                .endsWith("; use " + right);
    }

    private static Map<String, JsonNode> models(RunningServer server) throws Exception {
        Map<String, JsonNode> found = new TreeMap<>();
        JsonNode list = RunningServer.json(server.get("/v1/models"));
        for (JsonNode one : list.path("data")) {
            String id = one.path("id").asText();
            found.put(
                    id,
                    ((com.fasterxml.jackson.databind.node.ObjectNode) one)
                            .without(List.of("id", "object", "created", "owned_by")));
        }
        return found;
    }
}
