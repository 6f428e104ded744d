package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Network;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.Qrels;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.data.SearchText;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.metrics.RankMetrics;
import org.lora4j.text.metrics.Ranking;

/** A search in a corpus with graded judgements, on a small random encoder. */
class SearchCommandsTest {
    private static final Path CORPUS = file("corpus.jsonl");
    private static final Path QUERIES = file("queries.jsonl");

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path pairs;

    private static Path file(String name) {
        return Path.of(Objects.requireNonNull(SearchCommandsTest.class.getResource("/search/" + name))
                .getPath());
    }

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        StringBuilder rows = new StringBuilder("query,positive\n");
        List<String> words = List.of("cat", "purrs", "milk", "ship", "sails", "sea");
        for (int i = 0; i < 24; i++) {
            rows.append("%s %s,%s the %s\n"
                    .formatted(words.get(i % 6), words.get(i / 6), words.get(i % 6), words.get(i / 6)));
        }
        pairs = Files.writeString(temp.resolve("pairs.csv"), rows);
    }

    private static Object[] search(String qrels, Object... more) {
        return Cli.words(new Object[] {"--corpus", CORPUS, "--queries", QUERIES, "--qrels", file(qrels)}, more);
    }

    /** The metrics of a run file by what trec_eval does with it: sort by score, and by name of equal scores. */
    private static RankMetrics read(Path run, Path qrels) throws IOException {
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        for (String line : Files.readAllLines(run)) {
            String[] values = line.split(" ", -1);
            assertThat(values).hasSize(6);
            scores.computeIfAbsent(values[0], query -> new HashMap<>()).put(values[2], Double.parseDouble(values[4]));
        }
        Qrels judged = Qrels.read(qrels);
        return RankMetrics.of(
                scores.entrySet().stream()
                        .map(query -> Ranking.byName(query.getValue(), judged.grades(query.getKey())))
                        .toList(),
                6);
    }

    @ParameterizedTest
    @CsvSource({"qrels/test.tsv", "qrels.txt"})
    void aModelIsMeasuredAndItsRunWritten(String qrels) throws IOException {
        Path run = temp.resolve(qrels.replace('/', '-') + ".run");
        Cli test =
                Cli.good(Cli.words(new Object[] {"evaluate", "--model", model, "--json"}, search(qrels, "--run", run)));
        JsonNode found = test.json();
        assertThat(found.at("/collection/queries").asInt()).isEqualTo(2);
        assertThat(found.at("/collection/notJudged").asInt()).isEqualTo(1);
        assertThat(found.at("/collection/withoutRelevant").asInt()).isEqualTo(2);
        assertThat(found.at("/before").isNull()).isTrue();
        RankMetrics expected = read(run, file(qrels));
        assertThat(found.at("/metrics/ndcgAt10").asDouble()).isEqualTo(expected.ndcgAt10(), within(1e-12));
        assertThat(found.at("/metrics/exponentialNdcgAt10").asDouble())
                .isEqualTo(expected.exponentialNdcgAt10(), within(1e-12));
        assertThat(found.at("/metrics/map").asDouble()).isEqualTo(expected.map(), within(1e-12));
        assertThat(found.at("/metrics/tied").asDouble())
                .isEqualTo(expected.tied())
                .isPositive();

        // The scores are those of a program.
        SearchCollection collection = SearchCollection.open(CORPUS, QUERIES, file(qrels));
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            Network network = encoder.sentenceEmbeddings();
            List<SearchText> documents = collection.corpus().stream().toList();
            double[][] similarities = encoder.similarity()
                    .all(
                            network.predict(encoder.queries(collection.queries().stream()
                                    .map(SearchText::text)
                                    .toList())),
                            network.predict(encoder.documents(
                                    documents.stream().map(SearchText::text).toList())));
            for (String line : Files.readAllLines(run)) {
                String[] values = line.split(" ", -1);
                int query = values[0].equals("q1") ? 0 : 1;
                int document = documents.stream().map(SearchText::id).toList().indexOf(values[2]);
                assertThat(Double.parseDouble(values[4])).isCloseTo(similarities[query][document], within(1e-5));
            }
        }
    }

    @Test
    void anAdapterIsTestedOnACorpusByItsTrainingAndAfterIt() throws IOException {
        Path output = temp.resolve("adapter");
        Path run = temp.resolve("adapter.run");
        Object[] train = {"retrieve", "--model", model, "--data", pairs, "--output", output, "--epochs", 2, "--json"};
        JsonNode report = Cli.good(Cli.words(train, search("qrels.txt", "--run", run, "--depth", 4)))
                .json();
        assertThat(report.at("/judgement/metric").asText()).isEqualTo("NDCG");
        assertThat(report.at("/judgement/measuredOn").asText()).isEqualTo("test");
        assertThat(report.at("/judgement/comparisons/0/value")).isEqualTo(report.at("/before/ndcgAt10"));
        assertThat(report.at("/judgement/comparisons/1/value")).isEqualTo(report.at("/words/ndcgAt10"));
        assertThat(report.at("/sizes/test").asInt())
                .as("no pair is held out for a test")
                .isZero();
        assertThat(report.at("/after/texts").asInt()).isEqualTo(6);
        assertThat(Files.readAllLines(run)).hasSize(2 * 4);
        assertThat(Files.readString(output.resolve("report.html")))
                .contains(
                        "2 queries searched among 6 documents of a corpus",
                        "Left out: 1 query that was not judged",
                        "Results on 2 test queries",
                        "Precision@10")
                .doesNotContain("Chance");
        Object[] test = Cli.words(
                new Object[] {"evaluate", "--model", model, "--adapter", output}, search("qrels.txt", "--depth", 4));
        JsonNode after = Cli.good(Cli.words(test, "--json")).json();
        assertThat(after.at("/metrics")).isEqualTo(report.at("/after"));
        assertThat(after.at("/before")).isEqualTo(report.at("/before"));
        assertThat(after.at("/words")).isEqualTo(report.at("/words"));
        assertThat(after.at("/judgement")).isEqualTo(report.at("/judgement"));
        assertThat(Cli.good(test).out())
                .startsWith("2 queries, 6 documents: nDCG@10 ")
                .contains(
                        "left out: 1 query that was not judged, 2 queries without a relevant document in the corpus and"
                                + " 1 judged query that is not in --queries; 1 relevant document is not in the corpus,"
                                + " and counts as not found",
                        "adapter against the model alone: ",
                        "verdict: ");
        assertThat(Cli.run(Cli.words(test, "--run", run)).err())
                .contains(run + ": the run must be a new file, found one; choose another --run");
    }

    /** Judgements of BEIR train as the pairs of texts do that they stand for. */
    @Test
    void judgementsAreTrainedOn() throws IOException {
        Path judged = Files.writeString(temp.resolve("train.tsv"), """
                query-id\tcorpus-id\tscore
                q1\td1\t2
                q1\td2\t1
                q1\td5\t0
                q2\td10\t1
                q3\t6\t3
                q4\tgone\t0
                """);
        Path same = Files.writeString(temp.resolve("same.csv"), """
                query,positive
                cat purrs,cat the cat purrs
                cat purrs,a cat on the milk
                ship on the sea,ship
                milk,milk cat milk
                """);
        Path ofJudgements = temp.resolve("of-judgements");
        Path ofPairs = temp.resolve("of-pairs");
        Object[] train = {"retrieve", "--model", model, "--validation", 0, "--epochs", 2, "--json"};
        JsonNode report = Cli.good(Cli.words(train, search("qrels.txt", "--data", judged, "--output", ofJudgements)))
                .json();
        Cli.good(Cli.words(train, search("qrels.txt", "--data", same, "--output", ofPairs)));
        assertThat(report.at("/sizes/examples").asInt()).isEqualTo(4);
        assertThat(report.at("/sizes/unlearnable").asInt()).isZero();
        assertThat(ofJudgements.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(ofPairs.resolve("adapter_model.safetensors"));
        Path none = temp.resolve("none");
        for (String[] wrong : new String[][] {
            {"q1\tgone\t1", ":2: corpus-id must be the _id of a document in " + CORPUS + ", found 'gone'"},
            {"q8\td1\t1", ":2: query-id must be the _id of a query in " + QUERIES + ", found 'q8'"},
            {"q1\td1\t0.5", ":2: score must be a whole number, found 0.5"},
            {"q1\td1\t0", ": at least one judgement for training must have a grade of 1 or more, found none"}
        }) {
            Files.writeString(judged, "query-id\tcorpus-id\tscore\n" + wrong[0] + "\n");
            assertThat(Cli.run(Cli.words(train, search("qrels.txt", "--data", judged, "--output", none)))
                            .errLines())
                    .singleElement()
                    .asString()
                    .startsWith("error: " + judged + wrong[1]);
        }
    }

    @Test
    void aRerankerSortsWhatAnotherSearchFound() throws IOException {
        Path labelled = Files.writeString(temp.resolve("labelled.csv"), """
                query,passage,label
                cat purrs,cat the cat purrs,1
                cat purrs,ship,0
                ship on the sea,ship,1
                ship on the sea,milk,0
                """);
        Path adapter = temp.resolve("sorter");
        Cli.good("rerank", "--model", model, "--data", labelled, "--output", adapter, "--validation", 0, "--epochs", 1);
        Path first = Files.writeString(temp.resolve("first.run"), """
                q1 Q0 d5 1 0.9 bm25
                q1 Q0 d1 2 0.8 bm25
                q1 Q0 d2 3 0.7 bm25
                q2 Q0 d10 9 0.5 bm25
                q2 Q0 d2 1 0.4 bm25
                q7 Q0 d2 1 0.4 bm25
                """);
        Path run = temp.resolve("sorted.run");
        Object[] test = Cli.words(
                new Object[] {"evaluate", "--model", model, "--adapter", adapter, "--json"}, search("qrels.txt"));
        JsonNode found = Cli.good(Cli.words(test, "--candidates", first, "--depth", 2, "--run", run))
                .json();
        // Of q1, d2 is the third one; of the relevant documents d1, d2 and d10, nowhere, d1 and d10 are candidates.
        assertThat(found.at("/candidates/recallAt10").asDouble()).isEqualTo(0.5);
        assertThat(found.at("/candidates/mrr").asDouble()).isEqualTo((0.5 + 1) / 2);
        assertThat(found.at("/metrics/recallAt10").asDouble()).isEqualTo(0.5);
        assertThat(found.at("/before").isNull()).isTrue();
        assertThat(found.at("/judgement/comparisons/0/baseline").asText()).isEqualTo("the candidates");
        List<String[]> lines = Files.readAllLines(run).stream()
                .map(line -> line.split(" ", -1))
                .toList();
        assertThat(lines.stream().map(line -> line[0] + line[2]))
                .containsExactlyInAnyOrder("q1d5", "q1d1", "q2d10", "q2d2");
        // The scores are those of lora predict.
        Path texts = Files.writeString(temp.resolve("candidates.csv"), """
                query,passage
                cat purrs,the sea
                cat purrs,cat the cat purrs
                ship on the sea,ship
                ship on the sea,a cat on the milk
                """);
        Path scored = temp.resolve("scored.jsonl");
        Cli.good("predict", "--model", model, "--adapter", adapter, "--data", texts, "--output", scored);
        List<Double> expected =
                TextFiles.jsonl(scored).stream().map(row -> row.number("score")).toList();
        for (String[] line : lines) {
            int row = List.of("q1d5", "q1d1", "q2d10", "q2d2").indexOf(line[0] + line[2]);
            assertThat(Double.parseDouble(line[4])).isCloseTo(expected.get(row), within(1e-5));
        }
        Files.writeString(first, "q1 Q0 d5 1 0.9 a\nq1 Q0 d5 2 0.8 a\n");
        assertThat(Cli.run(Cli.words(test, "--candidates", first)).errLines())
                .singleElement()
                .asString()
                .startsWith(
                        "error: " + first + ":2: a document must stand once for a query, found 'd5' again for 'q1'");
        Files.writeString(first, "q1 d5 0.9\n");
        assertThat(Cli.run(Cli.words(test, "--candidates", first)).err())
                .contains(first
                        + ":1: a line must have a query, Q0, a document, a rank, a score and a tag, found 3 values");
        assertThat(Cli.run(test).err()).contains("or with --candidates, found another adapter");
    }

    @Test
    void wrongUse() throws IOException {
        Object[] test = {"evaluate", "--model", model};
        assertThat(Cli.run(Cli.words(test, "--corpus", CORPUS)).err())
                .contains("--corpus, --queries and --qrels must be used together, found 1 of them");
        assertThat(Cli.run(Cli.words(test, "--data", pairs, "--run", "x")).err())
                .contains("--depth and --run must be used with --corpus");
        assertThat(Cli.run(test).err()).contains("Missing required option: '--data=FILE'");
        assertThat(Cli.run(Cli.words(test, search("qrels.txt", "--data", pairs)))
                        .err())
                .contains("--corpus must be used without --data and --skip-bad-lines, found both");
        assertThat(Cli.run(Cli.words(test, search("qrels.txt", "--passage", "text")))
                        .err())
                .contains("--corpus must be used without the options of columns");
        assertThat(Cli.run(Cli.words(test, "--data", pairs, "--candidates", "x"))
                        .err())
                .contains("--candidates must be used with --corpus");
        Path wrong = Files.writeString(temp.resolve("wrong.txt"), "q1 0 d1\n");
        Object[] files = search("qrels.txt");
        files[5] = wrong;
        assertThat(Cli.run(Cli.words(test, files)).errLines())
                .singleElement()
                .asString()
                .startsWith("error: " + wrong + ":1: a line must have a query, 0, a document and a grade");
        assertThat(Cli.run(Cli.words(
                                new Object[] {
                                    "retrieve", "--model", model, "--data", pairs, "--output", temp.resolve("no")
                                },
                                search("qrels.txt", "--test", 0.1)))
                        .err())
                .contains("--corpus must be used without --test and --mine-negatives");
    }
}
