package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.text.train.RankedTexts;
import org.lora4j.text.train.SearchRun;

/** A corpus with judgements in the forms of BEIR and TREC. */
class SearchCollectionTest {
    @TempDir
    private Path temp;

    private static Path file(String name) {
        return Path.of(Objects.requireNonNull(SearchCollectionTest.class.getResource("/search/" + name))
                .getPath());
    }

    private static SearchCollection open(String qrels) throws IOException {
        return SearchCollection.open(file("corpus.jsonl"), file("queries.jsonl"), file(qrels));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qrels/test.tsv", "qrels.txt"})
    void whatCannotBeMeasuredIsLeftOutAndCounted(String qrels) throws IOException {
        SearchCollection collection = open(qrels);
        assertThat(collection.queries()).extracting(SearchText::id).containsExactly("q1", "q2");
        assertThat(collection.size())
                .as("q5 is not judged; q3 has grade 0 and q4 a document elsewhere; q9 has no text; q2 lacks one of two")
                .isEqualTo(new SearchCollection.Size(6, 2, 1, 2, 1, 1));
        assertThat(collection.corpus().stream().toList())
                .contains(
                        new SearchText("d1", "cat the cat purrs"),
                        new SearchText("d2", "a cat on the milk"),
                        new SearchText("d9", "ship"),
                        new SearchText("d5", "the sea"),
                        new SearchText("6", "milk cat milk"));
        assertThat(collection.qrels().grades("q1")).containsEntry("d1", 2).containsEntry("d5", 0);
        assertThat(collection.qrels().relevant("q1")).containsExactly("d1", "d2");
        assertThat(collection.qrels().grades("nobody")).isEmpty();
    }

    /** Scores by hand: d9 and d10 have the same one, and the greater name is the first. */
    private static double[][] scores(List<SearchText> documents) {
        double[][] scores = new double[2][documents.size()];
        for (int i = 0; i < documents.size(); i++) {
            String id = documents.get(i).id();
            scores[0][i] = id.equals("d2") ? 3 : id.equals("d5") ? 2 : id.equals("d1") ? 1 : -1;
            scores[1][i] = id.startsWith("d1") || id.equals("d9") ? 0.1 : -0.25;
        }
        return scores;
    }

    @Test
    void aRunIsWrittenAndMeasuredAsTrecEvalDoes() throws IOException {
        SearchCollection collection = open("qrels.txt");
        SearchRun run = SearchRun.of(collection, 3, SearchCollectionTest::scores);
        StringBuilder written = new StringBuilder();
        run.write(written);
        assertThat(written.toString().lines())
                .containsExactly(
                        "q1 Q0 d2 1 3.0 lora4j",
                        "q1 Q0 d5 2 2.0 lora4j",
                        "q1 Q0 d1 3 1.0 lora4j",
                        "q2 Q0 d9 1 0.1 lora4j",
                        "q2 Q0 d10 2 0.1 lora4j",
                        "q2 Q0 d1 3 0.1 lora4j");
        RankedTexts.Ranks ranks = run.ranks();
        assertThat(ranks.reciprocalRanks()).containsExactly(1.0, 0.5);
        assertThat(ranks.metrics().queries()).isEqualTo(2);
        assertThat(ranks.metrics().texts()).isEqualTo(6);
        assertThat(ranks.metrics().map()).isEqualTo(((1 + 2 / 3.0) / 2 + 0.5 / 2) / 2, within(1e-12));
        assertThat(ranks.metrics().recallAt10()).isEqualTo((1 + 0.5) / 2, within(1e-12));
        assertThat(ranks.metrics().tied()).isEqualTo(0.5);
        double second = Math.log(2) / Math.log(3);
        assertThat(ranks.ndcgAt10().get(0)).isEqualTo((1 + 2 / 2.0) / (2 + second), within(1e-12));
        // The missing document counts in the best order.
        assertThat(ranks.ndcgAt10().get(1)).isEqualTo(3 * second / (3 + second), within(1e-12));
    }

    /** The scores of trec_eval are floats: what differs only in double precision is equal. */
    @Test
    void scoresAreComparedInSinglePrecision() throws IOException {
        SearchRun run = SearchRun.of(open("qrels.txt"), 2, documents -> {
            double[][] scores = new double[2][documents.size()];
            for (int i = 0; i < documents.size(); i++) {
                scores[0][i] = documents.get(i).id().equals("d1") ? 1 + 1e-12 : 1;
            }
            return scores;
        });
        assertThat(run.scores("q1").keySet()).containsExactly("d9", "d5");
    }

    @Test
    void aDepthHasABound() throws IOException {
        SearchCollection collection = open("qrels.txt");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SearchRun.of(collection, 10_000_001, SearchCollectionTest::scores))
                .withMessageContaining("at most 20000000 documents may be kept");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SearchRun.of(collection, 1, some -> new double[][] {{Double.NaN}, {0}}))
                .withMessage("the scores must be numbers, found NaN");
    }

    /** Of many documents in several blocks, the best are the same as of all at once. */
    @Test
    void blocksFindTheBestOfAll() throws IOException {
        StringBuilder corpus = new StringBuilder("_id\ttext\n");
        Map<String, Double> expected = new HashMap<>();
        for (int i = 0; i < 2500; i++) {
            corpus.append("d").append(i).append("\tship\n");
            expected.put("d" + i, Math.floor(i * 7919 % 2503 / 10.0));
        }
        Path file = Files.writeString(temp.resolve("corpus.tsv"), corpus);
        Path qrels = Files.writeString(temp.resolve("qrels.txt"), "q1 0 d1 1\n");
        SearchCollection collection = SearchCollection.open(file, file("queries.jsonl"), qrels);
        SearchRun run = SearchRun.of(collection, 40, documents -> new double[][] {
            documents.stream()
                    .mapToDouble(one -> Objects.requireNonNull(expected.get(one.id())))
                    .toArray()
        });
        List<String> best = expected.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey())
                        .reversed())
                .limit(40)
                .map(Map.Entry::getKey)
                .toList();
        assertThat(run.scores("q1").keySet()).containsExactlyElementsOf(best);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "corpus.jsonl|{\"_id\": \"a\", \"text\": \"x\"}\\n{\"_id\": \"a\", \"text\": \"y\"}|:2: _id must be new, found 'a' a second time",
                "corpus.jsonl|{\"_id\": \"a b\", \"text\": \"x\"}|:1: _id must have no white space",
                "corpus.jsonl|{\"_id\": \"a\", \"title\": \"\", \"text\": \" \"}|:1: title and text must have a character",
                "corpus.jsonl|{\"_id\": \"a\", \"body\": \"x\"}|:1: must have a value text, found [_id, body]",
                "corpus.jsonl|{\"text\": \"x\"}|:1: must have a value _id, found [text]",
                "queries.jsonl|{\"_id\": \"q1\", \"text\": 7}|:1: text must be a text, found ",
                "qrels.txt|q1 0 d1|:1: a line must have a query, 0, a document and a grade, as in TREC, found 3 values",
                "qrels.txt|q1 0 d1 1\\nq1 0 d2 good|:2: the grade must be a whole number, found 'good'",
                "qrels.txt|q1 0 d1 1\\n\\nq1 0 d1 2|:3: a document must have one grade for a query, found 2 and before 1 of 'd1' for 'q1'",
                "qrels.txt|query-id\\tcorpus-id\\tscore\\nq1 d1 1|:2: a line must have a query, a document and a grade with tabs between them, found 1 values",
            })
    void aWrongLineIsNamed(String name, String content, String message) throws IOException {
        Path wrong = Files.writeString(
                temp.resolve(name), content.replace("\\n", "\n").replace("\\t", "\t"));
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> SearchCollection.open(
                        name.startsWith("corpus") ? wrong : file("corpus.jsonl"),
                        name.startsWith("queries") ? wrong : file("queries.jsonl"),
                        name.startsWith("qrels") ? wrong : file("qrels.txt")))
                .withMessageStartingWith(wrong + message);
    }

    @Test
    void aCollectionWithoutQueriesIsRefused() throws IOException {
        Path none = Files.writeString(temp.resolve("qrels.txt"), "q1 0 d1 0\nq2 0 nowhere 1\n");
        assertThatIOException()
                .isThrownBy(() -> SearchCollection.open(file("corpus.jsonl"), file("queries.jsonl"), none))
                .withMessageContaining("must have a relevant document, with a grade of 1 or more")
                .withMessageContaining("found none for 2 judged queries");
        assertThatIOException()
                .isThrownBy(() -> SearchCollection.open(temp.resolve("no"), file("queries.jsonl"), none))
                .withMessageContaining("there is no such file");
    }

    @Test
    void filesCanBePacked() throws IOException {
        Path packed = temp.resolve("qrels.txt.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write("q1 0 d1 1\r\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(Qrels.read(packed).grades("q1")).containsExactlyEntriesOf(Map.of("d1", 1));
    }
}
