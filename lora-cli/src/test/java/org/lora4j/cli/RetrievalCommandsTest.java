package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.Correlation;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Similarity;
import org.lora4j.text.tokens.TextPair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Trainings on queries and texts, on a small random encoder. */
class RetrievalCommandsTest {
    private static final List<String> FROM = List.of("cat", "purrs", "milk", "the");
    private static final List<String> TO = List.of("ship", "sails", "sea", "on");

    @TempDir
    private static Path temp;

    private static Path model;

    /** A text and its translation, word by word. */
    private static Path pairs;

    /** The same with the translation of another text. */
    private static Path triples;

    /** A query and a passage, which belong together if both are about cats or both about ships. */
    private static Path labelled;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        List<String> first = new ArrayList<>();
        List<String> second = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            int[] words = {i / 16, i / 4 % 4, i % 4};
            first.add(text(FROM, words));
            second.add(text(TO, words));
        }
        StringBuilder two = new StringBuilder("query,positive\n");
        StringBuilder three = new StringBuilder("query,positive,negative\n");
        for (int i = 0; i < 64; i++) {
            two.append("%s,%s\n".formatted(first.get(i), second.get(i)));
            three.append("%s,%s,%s\n".formatted(first.get(i), second.get(i), second.get((i + 21) % 64)));
        }
        pairs = Files.writeString(temp.resolve("pairs.csv"), two);
        triples = Files.writeString(temp.resolve("triples.csv"), three);
        labelled = Files.writeString(temp.resolve("labelled.jsonl"), labelled(new Random(3)));
    }

    private static String text(List<String> words, int... indices) {
        return String.join(" ", words.get(indices[0]), words.get(indices[1]), words.get(indices[2]));
    }

    private static String labelled(Random random) {
        List<List<String>> topics = List.of(FROM.subList(0, 3), TO.subList(0, 3));
        StringBuilder lines = new StringBuilder();
        for (int query = 0; query < 60; query++) {
            int topic = query % 2;
            String asked = word(random, topics.get(topic)) + " "
                    + List.of("the", "a", "on").get(query % 3) + " " + word(random, topics.get(topic));
            for (int i = 0; i < 4; i++) {
                boolean right = i % 2 == 0;
                lines.append("{\"query\": \"%s\", \"passage\": \"a %s %s\", \"label\": %s}\n"
                        .formatted(
                                asked,
                                word(random, topics.get(right ? topic : 1 - topic)),
                                word(random, topics.get(right ? topic : 1 - topic)),
                                i < 2 ? right : right ? "1" : "0"));
            }
        }
        return lines.toString();
    }

    private static String word(Random random, List<String> words) {
        return words.get(random.nextInt(words.size()));
    }

    private static Object[] training(String command, Path data, Path output, Object... more) {
        Object[] settings = {command, "--model", model, "--data", data, "--output", output, "--rate", 0.01, "--json"};
        boolean splits = List.of(more).contains("--validation");
        return Cli.words(splits ? settings : Cli.words(settings, "--validation", 0.25), more);
    }

    private static void assertBetter(JsonNode report) {
        assertThat(report.at("/after/mrr").asDouble())
                .isGreaterThan(report.at("/before/mrr").asDouble() + 0.05);
        assertThat(report.at("/after/queries")).isEqualTo(report.at("/before/queries"));
    }

    private static void assertFiles(Path output, JsonNode report, String task) throws IOException {
        assertThat(report.at("/files")).hasSize(7);
        for (JsonNode file : report.at("/files")) {
            assertThat(output.resolve(file.asText())).isNotEmptyFile();
        }
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("{{")
                .contains("Results on " + report.at("/after/queries").asInt() + " test queries", "nDCG@10", "verdict");
        assertThat(report.at("/judgement/comparisons/0/value")).isEqualTo(report.at("/before/mrr"));
        assertThat(report.at("/judgement/comparisons/1/value")).isEqualTo(report.at("/words/mrr"));
        assertThat(report.at("/judgement/comparisons/2/value")).isEqualTo(report.at("/chance/mrr"));
        assertThat(new ObjectMapper()
                        .readTree(output.resolve("task.json").toFile())
                        .at("/task")
                        .asText())
                .isEqualTo(task);
        assertThat(output.resolve("checkpoint.safetensors")).doesNotExist();
    }

    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"pairs, of the batch", "triples, of the batch and of the file"})
    void embeddingsLearnToFindTheTextOfAQuery(String form, String negatives) throws IOException {
        Path data = form.equals("pairs") ? pairs : triples;
        Path output = temp.resolve("retrieve-" + form);
        JsonNode report = Cli.good(training("retrieve", data, output, "--epochs", 20, "--batch", 16))
                .json();
        assertBetter(report);
        assertThat(report.at("/settings/negatives").asText()).isEqualTo(negatives);
        assertFiles(output, report, "retrieve");
        assertThat(Files.readString(output.resolve("README.md")))
                .contains("pipeline_tag: sentence-similarity", "lora embed --model ", "| mean reciprocal rank on ");
        JsonNode inspected =
                Cli.good("inspect", output, "--model", model, "--json").json();
        assertThat(inspected.at("/task").asText()).isEqualTo("FEATURE_EXTRACTION");
        assertThat(inspected.at("/fit/fits").asBoolean()).isTrue();
    }

    /** A copy of the model that ends with a dense layer, and compares embeddings by the dot product. */
    private static Path withDense(Path folder) throws IOException {
        Path copy = SmallModels.bert(folder, 1);
        Files.writeString(copy.resolve("modules.json"), """
                [{"path": "", "type": "sentence_transformers.models.Transformer"},
                 {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
                """);
        Files.createDirectories(copy.resolve("1_Pooling"));
        Files.writeString(copy.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"max\"}");
        Files.createDirectories(copy.resolve("2_Dense"));
        Files.writeString(
                copy.resolve("2_Dense/config.json"),
                "{\"in_features\": 16, \"out_features\": 12, \"bias\": false,"
                        + " \"activation_function\": \"torch.nn.modules.linear.Identity\"}");
        SafeTensors.of(
                        Map.of("linear.weight", RandomArrays.gaussian(new Random(4), 0.3, DataType.FLOAT, 12, 16)),
                        Map.of())
                .write(copy.resolve("2_Dense/model.safetensors"));
        Files.writeString(copy.resolve("config_sentence_transformers.json"), "{\"similarity_fn_name\": \"dot\"}");
        return copy;
    }

    @Test
    void anAdapterOfADenseModuleIsTrainedTestedAndMerged() throws IOException {
        Path dense = withDense(temp.resolve("dense"));
        Path adapter = temp.resolve("dense-adapter");
        Object[] training = training("retrieve", pairs, adapter, "--epochs", 4, "--target", "linear");
        training[2] = dense;
        JsonNode report = Cli.good(training).json();
        assertThat(PeftAdapters.load(adapter).weights().keySet()).containsExactly("2_Dense.linear");
        Object[] test = {"evaluate", "--data", pairs, "--json", "--query", "query", "--model"};
        JsonNode before = Cli.good(Cli.words(test, dense)).json().at("/metrics");
        JsonNode after =
                Cli.good(Cli.words(test, dense, "--adapter", adapter)).json().at("/metrics");
        assertThat(after).isNotEqualTo(before);
        assertThat(report.at("/after")).isNotEqualTo(report.at("/before"));
        Path merged = temp.resolve("dense-merged");
        Cli.good("merge", "--model", dense, "--adapter", adapter, "--output", merged);
        assertThat(Cli.good(Cli.words(test, merged)).json().at("/metrics")).isEqualTo(after);
        assertThat(merged.resolve("config_sentence_transformers.json"))
                .hasSameTextualContentAs(dense.resolve("config_sentence_transformers.json"));
        assertThat(Cli.good("inspect", merged).out()).contains("the maximum over the tokens");

        // The metrics are those of the dot product.
        try (EncoderFolder encoder = EncoderFolder.open(merged)) {
            assertThat(encoder.similarity()).isEqualTo(Similarity.DOT);
            List<TextRow> rows = TextFiles.csv(pairs).stream().toList();
            INDArray queries = encoder.sentenceEmbeddings()
                    .predict(encoder.queries(
                            rows.stream().map(row -> row.text("query")).toList()));
            INDArray documents = encoder.sentenceEmbeddings()
                    .predict(encoder.documents(
                            rows.stream().map(row -> row.text("positive")).toList()));
            double[][] scores = queries.mmul(documents.transpose()).toDoubleMatrix();
            double reciprocals = 0;
            for (int i = 0; i < scores.length; i++) {
                int query = i;
                reciprocals += 1.0
                        / (1
                                + Arrays.stream(scores[i])
                                        .filter(score -> score > scores[query][query])
                                        .count());
            }
            assertThat(after.at("/mrr").asDouble()).isCloseTo(reciprocals / scores.length, within(1e-6));
        }
    }

    @Test
    @Tag("slow")
    void aDecoderThatAnswersYesOrNoIsTrainedTestedAndMerged() throws IOException {
        Path decoder = SmallModels.reranker(temp.resolve("reranker"), 5);
        Path output = temp.resolve("yes-no");
        Object[] training =
                training("rerank", labelled, output, "--validation-file", labelled, "--epochs", 1, "--batch", 8);
        training[2] = decoder;
        JsonNode report = Cli.good(training).json();
        assertThat(report.at("/settings/head").asText()).isEqualTo("yes_no");
        assertThat(Files.readString(output.resolve("report.html")))
                .contains("Answers of the frozen decoder")
                .doesNotContain("Cosine of the frozen");
        assertThat(report.at("/after")).isNotEqualTo(report.at("/before"));
        Object[] test = {"evaluate", "--model", decoder, "--data", labelled, "--adapter", output, "--json"};
        assertThat(Cli.good(Cli.words(test, "--label", "label")).json().at("/metrics"))
                .isEqualTo(report.at("/after"));
        Path scored = temp.resolve("scored.jsonl");
        Cli.good("predict", "--model", decoder, "--adapter", output, "--data", labelled, "--output", scored);
        Path merged = temp.resolve("yes-no-merged");
        Cli.good("merge", "--model", decoder, "--adapter", output, "--output", merged);
        Labels score = Labels.of(List.of("LABEL_0"));
        BaseStorage floats = BaseStorage.of(Precision.FLOAT);
        try (TextClassifier reranker =
                TextClassifier.create(merged, score, Head.YES_NO, OptionalInt.empty(), 0, floats)) {
            // The merged model scores as it is.
            JsonNode alone = Cli.good(
                            "evaluate", "--model", merged, "--data", labelled, "--passage", "passage", "--json")
                    .json();
            assertThat(alone.at("/metrics/mrr").asDouble())
                    .isCloseTo(report.at("/after/mrr").asDouble(), within(0.05));
            Path again = temp.resolve("scored-again.jsonl");
            Cli.good("predict", "--model", merged, "--data", labelled, "--query", "query", "--output", again);
            assertThat(TextFiles.jsonl(again).stream().count())
                    .isEqualTo(TextFiles.jsonl(labelled).stream().count());
            for (TextRow row : TextFiles.jsonl(scored).stream().limit(5).toList()) {
                double[] expected =
                        reranker.scores(reranker.pairs(List.of(new TextPair(row.text("query"), row.text("passage")))));
                assertThat(new ObjectMapper().readTree(row.json()).path("score").asDouble())
                        .isCloseTo(expected[0], within(1e-4));
            }
        }
    }

    @Test
    void aDecoderWithModulesIsTrainedServedAndMerged() throws IOException {
        Path decoder = SmallModels.llama(temp.resolve("embedder"), 6);
        Files.writeString(decoder.resolve("modules.json"), """
                [{"path": "", "type": "sentence_transformers.models.Transformer"},
                 {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        Files.createDirectories(decoder.resolve("1_Pooling"));
        Files.writeString(decoder.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"lasttoken\"}");
        Path output = temp.resolve("embedder-adapter");
        Object[] training = training("retrieve", pairs, output, "--validation-file", pairs, "--epochs", 1);
        training[2] = decoder;
        JsonNode report = Cli.good(training).json();
        assertThat(PeftAdapters.load(output).config().hubFields().taskType()).isEqualTo("FEATURE_EXTRACTION");
        Object[] test = {"evaluate", "--data", pairs, "--json", "--query", "query", "--model"};
        JsonNode after = Cli.good(Cli.words(test, decoder, "--adapter", output)).json();
        assertThat(after.at("/metrics")).isEqualTo(report.at("/after")).isNotEqualTo(report.at("/before"));
        Path merged = temp.resolve("embedder-merged");
        Cli.good("merge", "--model", decoder, "--adapter", output, "--output", merged);
        assertThat(Cli.good(Cli.words(test, merged)).json().at("/metrics/queries"))
                .isEqualTo(after.at("/metrics/queries"));
        assertThat(Cli.good("inspect", merged).out()).contains("sentence embeddings: the vector of the last token");
        assertThat(Cli.good("inspect", output, "--model", decoder, "--json")
                        .json()
                        .at("/fit/fits")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void negativesAreMinedAndTrainedOn() throws IOException {
        Path mined = temp.resolve("mined.jsonl");
        Object[] mine = {
            "retrieve",
            "--model",
            model,
            "--data",
            pairs,
            "--mine-negatives",
            "--output",
            mined,
            "--negatives",
            2,
            "--json"
        };
        JsonNode report = Cli.good(Cli.words(mine, "--range-min", 1, "--relative-margin", 0.05))
                .json();
        List<TextRow> rows = TextFiles.jsonl(mined).stream().toList();
        assertThat(report.at("/rows").asInt()).isEqualTo(rows.size());
        assertThat(report.at("/queries").asInt()).isEqualTo(64);
        assertThat(report.at("/texts").asInt()).isEqualTo(64);
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            Network network = encoder.sentenceEmbeddings();
            List<TextRow> given = TextFiles.csv(pairs).stream().toList();
            INDArray documents = network.predict(encoder.documents(
                    given.stream().map(row -> row.text("positive")).toList()));
            int next = 0;
            for (TextRow pair : given) {
                double[] scores = documents
                        .mmul(network.predict(encoder.queries(List.of(pair.text("query"))))
                                .transpose())
                        .reshape(64)
                        .toDoubleVector();
                double right = scores[given.indexOf(pair)];
                List<Integer> expected = IntStream.range(0, 64)
                        .boxed()
                        .filter(i -> scores[i] <= right - Math.abs(right) * 0.05)
                        .sorted(Comparator.comparingDouble(i -> -scores[i]))
                        .toList();
                List<String> found = new ArrayList<>();
                for (; next < rows.size() && rows.get(next).text("query").equals(pair.text("query")); next++) {
                    assertThat(rows.get(next).text("positive")).isEqualTo(pair.text("positive"));
                    found.add(rows.get(next).text("negative"));
                }
                // The candidates are the 22 texts that are most similar, of which the first is left out.
                assertThat(found).hasSizeLessThanOrEqualTo(2).doesNotContain(pair.text("positive"));
                for (String negative : found) {
                    int rank = expected.indexOf(given.stream()
                            .map(row -> row.text("positive"))
                            .toList()
                            .indexOf(negative));
                    assertThat(rank).isPositive();
                }
            }
            assertThat(next).isEqualTo(rows.size()).isPositive();
        }
        assertThat(Cli.run(mine).errLines().toString()).contains(mined + ": the output must be a new file, found one");
        Cli.good(Cli.words(mine, "--overwrite", "--sampling", "RANDOM", "--range-max", 9));
        assertThat(TextFiles.jsonl(mined).stream().count()).isEqualTo(128);
        Path bad = Files.writeString(temp.resolve("bad-pairs.csv"), "query,positive\na,b\n ,c\nd,e\n");
        Object[] ofBad = mine.clone();
        ofBad[4] = bad;
        ofBad[7] = temp.resolve("bad-mined.jsonl");
        assertThat(Cli.run(ofBad).errLines())
                .singleElement()
                .asString()
                .startsWith("error: " + bad + ":3: ")
                .endsWith("; leave out such lines with --skip-bad-lines");
        assertThat(Cli.good(Cli.words(ofBad, "--skip-bad-lines"))
                        .json()
                        .at("/skipped/0")
                        .asText())
                .startsWith(bad + ":3: ");
        Path output = temp.resolve("mined-adapter");
        JsonNode trained =
                Cli.good(training("retrieve", mined, output, "--epochs", 1)).json();
        assertThat(trained.at("/settings/negatives").asText()).isEqualTo("of the batch and of the file");
        for (Object[] wrong : List.of(
                Cli.words(training("retrieve", pairs, output), "--negatives", 2),
                Cli.words(mine, "--range-max", 1),
                Cli.words(mine, "--validation-file", pairs))) {
            assertThat(Cli.run(wrong).code()).isEqualTo(2);
        }
        Path other = temp.resolve("mined.txt");
        assertThat(Cli.run("retrieve", "--model", model, "--data", pairs, "--mine-negatives", "--output", other)
                        .errLines()
                        .toString())
                .contains("the name must end with .csv, .tsv or .jsonl");
        assertThat(other).doesNotExist();
    }

    @Test
    void textsThatLabelsOrARerankerCallRightAreNoNegatives() throws IOException {
        Path judged = Files.writeString(temp.resolve("judged.csv"), """
                query,passage,label
                cat milk,purrs milk,1
                cat milk,the cat purrs,true
                cat milk,ship sea,0
                ship sea,sails on,1
                on the sea,milk,0
                """);
        Object[] mine = {"retrieve", "--model", model, "--data", judged, "--mine-negatives", "--json", "--negatives", 9
        };
        Path byLabels = temp.resolve("by-labels.jsonl");
        JsonNode report = Cli.good(Cli.words(mine, "--output", byLabels)).json();
        assertThat(report.at("/queries").asInt())
                .as("a query without a right text gets no negatives")
                .isEqualTo(2);
        assertThat(report.at("/texts").asInt()).isEqualTo(5);
        List<TextRow> rows = TextFiles.jsonl(byLabels).stream().toList();
        assertThat(rows).hasSize(2 * 3 + 4);
        assertThat(rows.stream()
                        .filter(row -> row.text("query").equals("cat milk"))
                        .map(row -> row.text("negative")))
                .containsOnly("ship sea", "sails on", "milk");
        // A reranker, whose scores are known, leaves out what it calls right.
        Path adapter = temp.resolve("judging");
        Cli.good(training("rerank", labelled, adapter, "--epochs", 2, "--rank", 4));
        Path byReranker = temp.resolve("by-reranker.jsonl");
        Object[] reranker = {"--reranker", model, "--reranker-adapter", adapter, "--output", byReranker};
        JsonNode fewer = Cli.good(Cli.words(mine, reranker)).json();
        Path scored = temp.resolve("scored-candidates.jsonl");
        Cli.good(
                "predict",
                "--model",
                model,
                "--adapter",
                adapter,
                "--data",
                byLabels,
                "--passage",
                "negative",
                "--output",
                scored);
        List<String> expected = new ArrayList<>();
        for (TextRow row : TextFiles.jsonl(scored)) {
            if (row.number("score") <= 0.5) {
                expected.add(row.text("query") + row.text("positive") + row.text("negative"));
            }
        }
        assertThat(TextFiles.jsonl(byReranker).stream()
                        .map(row -> row.text("query") + row.text("positive") + row.text("negative")))
                .containsExactlyInAnyOrderElementsOf(expected)
                .hasSize(fewer.at("/rows").asInt());
        assertThat(expected).as("some are right, some wrong").isNotEmpty().hasSizeLessThan(rows.size());
        assertThat(fewer.at("/excluded/reranker").asInt()).isPositive();
    }

    @Tag("slow")
    @Test
    void shorterEmbeddingsAreTrainedAndTested() throws IOException {
        Path output = temp.resolve("short");
        JsonNode report = Cli.good(training(
                        "retrieve", pairs, output, "--validation-file", pairs, "--epochs", 2, "--dimensions", 4))
                .json();
        assertThat(report.at("/settings/dimensions").asInt()).isEqualTo(4);
        Object[] test = {"evaluate", "--model", model, "--data", pairs, "--json", "--adapter", output};
        assertThat(Cli.good(Cli.words(test, "--dimensions", 4)).json().at("/metrics"))
                .isEqualTo(report.at("/after"));
        // The adapter says how it was trained.
        assertThat(Cli.good(test).json().at("/metrics")).isEqualTo(report.at("/after"));
        assertThat(Cli.good(Cli.words(test, "--dimensions", 8)).json().at("/metrics"))
                .isNotEqualTo(report.at("/after"));
    }

    @Tag("slow")
    @Test
    void promptsAreGivenInWordsAndKeptWithTheAdapter() throws IOException {
        Path output = temp.resolve("prompted");
        Object[] words = {"--query-prompt", "cat ", "--document-prompt", "ship "};
        JsonNode report = Cli.good(Cli.words(
                        training("retrieve", pairs, output, "--validation-file", pairs, "--epochs", 2), words))
                .json();
        assertThat(Files.readString(output.resolve("task.json"))).contains("\"document\" : \"ship \"");
        // A training that goes on has them too.
        Path more = temp.resolve("more");
        Cli.good(Cli.words(training("retrieve", pairs, more, "--epochs", 1), "--adapter", output));
        assertThat(more.resolve("task.json")).hasSameTextualContentAs(output.resolve("task.json"));
        Object[] test = {"evaluate", "--model", model, "--data", pairs, "--json", "--adapter", output};
        assertThat(Cli.good(test).json().at("/metrics")).isEqualTo(report.at("/after"));
        assertThat(Cli.good(Cli.words(test, "--query-prompt", "milk sea milk "))
                        .json()
                        .at("/metrics"))
                .isNotEqualTo(report.at("/after"));
        // So does the model that the adapter is merged into.
        Path merged = temp.resolve("prompted-merged");
        Cli.good("merge", "--model", model, "--adapter", output, "--output", merged);
        JsonNode alone = Cli.good("evaluate", "--model", merged, "--data", pairs, "--json", "--query", "query")
                .json();
        assertThat(alone.at("/metrics/mrr").asDouble())
                .isCloseTo(report.at("/after/mrr").asDouble(), within(1e-9));
        assertThat(Files.readString(merged.resolve("config_sentence_transformers.json")))
                .contains("\"document\" : \"ship \"", "\"query\" : \"cat \"");
        Path texts = Files.writeString(temp.resolve("texts.csv"), "text\nsea milk\n");
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            LoRAModel adapted = LoRAModel.of(encoder.sentenceEmbeddings());
            adapted.load("a", output);
            for (String kind : List.of("QUERY", "DOCUMENT", "TEXT")) {
                Path embedded = temp.resolve(kind + ".jsonl");
                Cli.good(
                        "embed",
                        "--model",
                        model,
                        "--adapter",
                        output,
                        "--data",
                        texts,
                        "--kind",
                        kind,
                        "--output",
                        embedded);
                String prompt =
                        Map.of("QUERY", "cat ", "DOCUMENT", "ship ", "TEXT", "").get(kind);
                INDArray expected = adapted.predict(encoder.tokens(List.of(prompt + "sea milk")));
                JsonNode found =
                        new ObjectMapper().readTree(Files.readString(embedded)).get("embedding");
                for (int i = 0; i < expected.length(); i++) {
                    assertThat(found.get(i).asDouble()).isCloseTo(expected.getDouble(0, i), within(1e-5));
                }
            }
        }
    }

    @Test
    void aTestOfEmbeddingsIsThatOfTheTrainingAndOfAProgram() throws IOException {
        Path held = Files.writeString(temp.resolve("held.csv"), """
                query,positive
                cat milk the,ship sea on
                milk cat cat,sea ship ship
                milk cat cat,sea ship sea
                purrs the the,sails on on
                """);
        Path output = temp.resolve("tested");
        JsonNode report = Cli.good(training(
                        "retrieve", pairs, output, "--validation-file", held, "--epochs", 2, "--max-tokens", 8))
                .json();
        Object[] test = {"evaluate", "--model", model, "--data", held, "--json"};
        assertThat(Cli.good(Cli.words(test, "--adapter", output)).json().at("/metrics"))
                .isEqualTo(report.at("/after"));
        assertThat(Cli.good(Cli.words(test, "--query", "query")).json().at("/metrics"))
                .isEqualTo(report.at("/before"));
        assertThat(report.at("/after/queries").asInt()).isEqualTo(3);
        assertThat(report.at("/after/texts").asInt()).isEqualTo(4);
        assertThat(Cli.good("evaluate", "--model", model, "--data", held, "--adapter", output)
                        .out())
                .startsWith("3 queries, 4 texts: recall@1 ");

        Path vectors = temp.resolve("vectors.jsonl");
        Cli.good(
                "embed", "--model", model, "--adapter", output, "--data", held, "--text", "query", "--output", vectors);
        try (EncoderFolder encoder = EncoderFolder.open(model, 8)) {
            AdapterView view = LoRAModel.of(encoder.sentenceEmbeddings()).load("adapter", output);
            double reciprocals = 0;
            int queries = 0;
            INDArray texts = view.predict(
                    encoder.documents(List.of("ship sea on", "sea ship ship", "sea ship sea", "sails on on")));
            List<List<Integer>> right = List.of(List.of(0), List.of(1, 2), List.of(), List.of(3));
            int row = 0;
            for (TextRow text : TextFiles.jsonl(vectors)) {
                INDArray query = view.predict(encoder.queries(List.of(text.text("query"))));
                JsonNode vector = new ObjectMapper().readTree(text.json()).get("embedding");
                assertThat(vector.get(3).asDouble()).isCloseTo(query.getDouble(0, 3), within(1e-5));
                double[] cosines = query.mmul(texts.transpose()).toDoubleVector();
                List<Integer> order = new ArrayList<>(List.of(0, 1, 2, 3));
                order.sort((i, j) -> Double.compare(cosines[j], cosines[i]));
                if (!right.get(row).isEmpty()) {
                    int best = right.get(row).stream()
                            .mapToInt(order::indexOf)
                            .min()
                            .orElseThrow();
                    reciprocals += 1.0 / (best + 1);
                    queries++;
                }
                row++;
            }
            assertThat(reciprocals / queries).isCloseTo(report.at("/after/mrr").asDouble(), within(1e-9));
        }
    }

    @Test
    void aCrossEncoderLearnsToSortTextsAndGivesThemScores() throws IOException {
        Path output = temp.resolve("rerank");
        JsonNode report = Cli.good(training("rerank", labelled, output, "--epochs", 20, "--rank", 4))
                .json();
        // The cosine of the frozen model is right on these few queries too.
        assertThat(report.at("/after/mrr").asDouble())
                .isGreaterThan(report.at("/chance/mrr").asDouble() + 0.2);
        assertThat(report.at("/calibration/expectedError").asDouble()).isBetween(0.0, 0.5);
        assertFiles(output, report, "rerank");
        assertThat(Files.readString(output.resolve("README.md")))
                .contains("pipeline_tag: text-ranking", "--data pairs.csv --output scores.csv");

        JsonNode tested = Cli.good("evaluate", "--model", model, "--adapter", output, "--data", labelled, "--json")
                .json();
        assertThat(tested.at("/metrics/queries").asInt()).isGreaterThan(20);
        assertThat(tested.at("/metrics/mrr").asDouble()).isGreaterThan(0.9);

        Path scores = temp.resolve("scores.jsonl");
        Cli.good("predict", "--model", model, "--adapter", output, "--data", labelled, "--output", scores);
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            Network network = encoder.model().classifier(1, 0);
            AdapterView view = LoRAModel.of(network).load("adapter", output);
            int rows = 0;
            double right = 0;
            double wrong = 0;
            for (TextRow row : TextFiles.jsonl(scores)) {
                JsonNode json = new ObjectMapper().readTree(row.json());
                double score = json.get("score").asDouble();
                if (rows < 10) {
                    double z = view.predict(
                                    encoder.pairs(List.of(new TextPair(row.text("query"), row.text("passage")))))
                            .getDouble(0, 0);
                    assertThat(score).isCloseTo(1 / (1 + Math.exp(-z)), within(1e-5));
                }
                boolean belongs = List.of("1", "true").contains(row.label("label"));
                right += belongs ? score : 0;
                wrong += belongs ? 0 : score;
                rows++;
            }
            assertThat(rows).isEqualTo(240);
            assertThat(right - wrong).isGreaterThan(0.5 * rows / 2);
        }

        Path merged = temp.resolve("merged");
        Cli.good("merge", "--model", model, "--adapter", output, "--output", merged);
        assertThat(Files.readString(merged.resolve("config.json")))
                .contains("BertForSequenceClassification", "LABEL_0");
    }

    @Test
    void aCrossEncoderLearnsFromTriples() throws IOException {
        Path output = temp.resolve("rerank-triples");
        JsonNode report = Cli.good(training("rerank", triples, output, "--epochs", 1, "--head", "mean"))
                .json();
        // A triple is two pairs, and those of a query are on the same side.
        assertThat(report.at("/sizes/examples").asInt()
                        + report.at("/sizes/validation").asInt()
                        + report.at("/sizes/test").asInt())
                .isEqualTo(128);
        assertThat(report.at("/after/texts").asInt())
                .isEqualTo(2 * report.at("/after/queries").asInt())
                .isEqualTo(report.at("/sizes/test").asInt());
        JsonNode unmeasured = Cli.good(
                        training("rerank", triples, temp.resolve("unmeasured"), "--epochs", 1, "--validation", 0))
                .json();
        assertThat(unmeasured.at("/after").isNull()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"retrieve", "rerank"})
    @Tag("slow")
    void aResumedTrainingWritesTheBytesOfOneThatWasNotInterrupted(String command) throws IOException {
        Path whole = temp.resolve(command + "-whole");
        Object[] settings = {"--epochs", 2, "--batch", 8, "--checkpoint-every", 5};
        Cli.good(training(command, triples, whole, settings));
        Path stopped = temp.resolve(command + "-stopped");
        Path blocked = Files.createDirectories(stopped.resolve("adapter_model.safetensors"));
        assertThat(Cli.run(training(command, triples, stopped, settings)).code())
                .isEqualTo(1);
        Files.delete(blocked);
        assertThat(Cli.run(training(command, pairs, stopped, Cli.words(settings, "--resume")))
                        .code())
                .isEqualTo(1);
        Cli.good(training(command, triples, stopped, Cli.words(settings, "--resume")));
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json", "task.json")) {
            assertThat(stopped.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
    }

    @Test
    void theAdapterIsOneOfPeft() throws IOException {
        Path output = temp.resolve("peft");
        Cli.good(training("retrieve", pairs, output, "--epochs", 1, "--target", "query,value", "--scale", 10));
        LoRAConfig config = PeftAdapters.load(output).config();
        assertThat(config.hubFields().baseModel()).isEqualTo("bert");
        assertThat(config.hubFields().taskType()).isEqualTo("FEATURE_EXTRACTION");
        assertThat(PeftAdapters.load(output).weights().keySet())
                .contains("encoder.layer.0.attention.self.query")
                .hasSize(4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "retrieve|--batch 1|--batch must be at least 2, found 1|2",
                "retrieve|--scale 0|--scale must be finite and positive, found 0.0|2",
                "retrieve|--query body|must have a value body, found [query, positive]|1",
                "rerank|--passage positive|must have positive and label, or positive and negative, found [query, positive]|1"
            })
    void wrongUse(String command, String options, String message, int code) {
        Cli cli = Cli.run(training(command, pairs, temp.resolve("wrong"), (Object[]) options.split(" ")));
        assertThat(cli.errLines().get(0)).contains(message);
        assertThat(cli.code()).isEqualTo(code);
    }

    @Test
    void refusesLabelsAndAdaptersOfAnotherKind() throws IOException {
        Path other = Files.writeString(temp.resolve("other.csv"), "query,passage,label\ncat,milk,1\ncat,sea,maybe\n");
        assertThat(Cli.run(training("rerank", other, temp.resolve("wrong"))).err())
                .contains("other.csv:3: label must be 1 or true, or 0 or false, found 'maybe'");
        Files.writeString(other, "query,passage,label\n" + String.join("", Collections.nCopies(9, "cat,milk,1\n")));
        assertThat(Cli.run(training("rerank", other, temp.resolve("wrong"), "--validation", 0))
                        .err())
                .contains("texts that belong to their query and texts that do not, found only one kind");
        Path output = temp.resolve("kind");
        Cli.good(training("retrieve", pairs, output, "--epochs", 1));
        Object[] use = {"--model", model, "--adapter", output, "--data", pairs};
        assertThat(Cli.run(Cli.words(
                                new Object[] {"predict", "--output", temp.resolve("no.csv"), "--text", "query"}, use))
                        .err())
                .contains("must have a classifier, found one of 'lora retrieve'; use it with 'lora embed'");
        assertThat(Cli.run(Cli.words(new Object[] {"evaluate", "--passage", "positive"}, use))
                        .err())
                .contains("--passage must be used with a reranker or an adapter of 'lora rerank'");
    }

    @Test
    void theCorrelationWithGradesIsThatOfAProgram() throws IOException {
        Path graded = Files.writeString(temp.resolve("graded.csv"), """
                query,positive,passage,grade
                cat milk the,cat milk the,cat milk the,5
                cat milk the,cat milk on,cat milk on,3.5
                milk cat cat,sea ship ship,sea ship ship,0
                purrs the the,sails on on,sails on on,1
                """);
        Object[] test = {"evaluate", "--model", model, "--data", graded, "--score", "grade", "--json"};
        JsonNode found = Cli.good(Cli.words(test, "--query", "query")).json();
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            Network network = encoder.sentenceEmbeddings();
            List<TextRow> rows = TextFiles.csv(graded).stream().toList();
            double[] similarities = encoder.similarity()
                    .pairs(
                            network.predict(encoder.queries(
                                    rows.stream().map(row -> row.text("query")).toList())),
                            network.predict(encoder.documents(rows.stream()
                                    .map(row -> row.text("positive"))
                                    .toList())));
            double[] grades = {5, 3.5, 0, 1};
            assertThat(found.at("/pearson").asDouble())
                    .isCloseTo(Correlation.pearson(similarities, grades), within(1e-6));
            assertThat(found.at("/spearman").asDouble())
                    .isCloseTo(Correlation.spearman(similarities, grades), within(1e-9));
        }
        assertThat(found.at("/pairs").asInt()).isEqualTo(4);
        Path wrong = Files.writeString(temp.resolve("wrong-grade.csv"), "query,positive,grade\ncat,milk,good\n");
        Object[] other = {"evaluate", "--model", model, "--data", wrong, "--score", "grade"};
        assertThat(Cli.run(Cli.words(other, "--query", "query")).err())
                .contains("wrong-grade.csv:2: grade must be a number, found 'good'");
        assertThat(Cli.run(other).err()).contains("--score must be used with embeddings or a reranker");
    }
}
