package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way from a file of labels or numbers to a tested, served and merged adapter, on a small random encoder. */
@Tag("slow")
class LabelsCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> WORDS = List.of("cat", "milk", "ship", "the", "a", "on", "sea", "purrs");

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path csv;
    private static Path jsonl;
    private static Path numbers;

    /** A text has the labels of its words, and the number is how often it speaks of cats, less the ships. */
    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        StringBuilder rows = new StringBuilder("text,labels\n");
        StringBuilder lists = new StringBuilder();
        StringBuilder grades = new StringBuilder("text,stars\n");
        Random random = new Random(3);
        for (int i = 0; i < 150; i++) {
            List<String> text = new ArrayList<>();
            for (int w = 0; w < 5; w++) {
                text.add(WORDS.get(random.nextInt(WORDS.size())));
            }
            List<String> labels = new ArrayList<>();
            for (String label : List.of("cat", "milk", "ship")) {
                if (text.contains(label)) {
                    labels.add(label);
                }
            }
            String joined = String.join(" ", text);
            rows.append(joined).append(',').append(String.join("; ", labels)).append('\n');
            lists.append(JSON.writeValueAsString(
                            JSON.createObjectNode().put("text", joined).set("labels", JSON.valueToTree(labels))))
                    .append('\n');
            long stars = 3
                    + text.stream().filter("cat"::equals).count()
                    - text.stream().filter("ship"::equals).count();
            grades.append(joined).append(',').append(stars).append(".5\n");
        }
        csv = Files.writeString(temp.resolve("texts.csv"), rows);
        jsonl = Files.writeString(temp.resolve("texts.jsonl"), lists);
        numbers = Files.writeString(temp.resolve("numbers.csv"), grades);
    }

    private static Object[] training(Path data, Path output, Object... more) {
        Object[] words = {
            "classify", "--model", model, "--data", data, "--output", output, "--rate", 0.01, "--batch", 8, "--label"
        };
        return Cli.words(words, more);
    }

    private static JsonNode report(Path output) throws IOException {
        return JSON.readTree(output.resolve("report.json").toFile());
    }

    private static List<JsonNode> predicted(Path base, Path data, Object... more) throws IOException {
        Path found = temp.resolve("found.jsonl");
        Files.deleteIfExists(found);
        Cli.good(Cli.words(new Object[] {"predict", "--model", base, "--data", data, "--output", found}, more));
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(found)) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    @Test
    void anyNumberOfLabelsIsLearnedTestedAndMerged() throws IOException {
        Path output = temp.resolve("labels");
        Cli cli = Cli.good(training(csv, output, "labels", "--label-separator", ";", "--epochs", 6));
        assertThat(cli.out())
                .contains("with 3 labels", "adapter against the frozen model", "against the most frequent labels")
                .contains(
                        "frozen model:   micro-F1 ",
                        "word counts:    micro-F1 ",
                        "sample F1",
                        "average precision",
                        "logistic regression of each label");
        JsonNode report = report(output);
        assertThat(report.at("/metrics/micro/f1").asDouble()).isGreaterThan(0.85);
        assertThat(report.at("/judgement/value")).isEqualTo(report.at("/metrics/micro/f1"));
        assertThat(report.at("/judgement/metric").asText()).isEqualTo("MICRO_F1");
        assertThat(report.at("/judgement/measuredOn").asText()).isEqualTo("test");
        assertThat(report.at("/judgement/comparisons").findValuesAsText("baseline"))
                .containsExactly("the frozen model", "word counts", "the most frequent labels");
        // The words say all labels.
        assertThat(report.at("/words/micro/f1").asDouble()).isGreaterThan(0.95);
        assertThat(report.at("/words/texts")).isEqualTo(report.at("/metrics/texts"));
        assertThat(report.at("/judgement/comparisons/1/value")).isEqualTo(report.at("/words/micro/f1"));
        assertThat(report.at("/metrics/labels")).hasSize(3);
        assertThat(report.at("/learned/start").asText()).isEqualTo("probe");
        assertThat(Files.readString(output.resolve("report.html")))
                .contains(
                        "Average precision",
                        "All labels (micro)",
                        "Word counts are a logistic regression",
                        "and that of word counts")
                .doesNotContain("{{");
        assertThat(Files.readString(output.resolve("README.md")))
                .contains(
                        "pipeline_tag: text-classification", "any number of 3 labels: cat, milk and ship", "sample F1");
        JsonNode task = JSON.readTree(output.resolve("task.json").toFile());
        assertThat(task.path("problem_type").asText()).isEqualTo("multi_label_classification");
        for (int i = 0; i < 3; i++) {
            assertThat(task.at("/thresholds/" + i)).isEqualTo(report.at("/metrics/labels/" + i + "/threshold"));
        }

        Object[] evaluate = {"evaluate", "--model", model, "--adapter", output, "--label", "labels", "--data"};
        JsonNode tested = Cli.good(Cli.words(evaluate, jsonl, "--json")).json();
        assertThat(tested.at("/metrics/texts").asInt()).isEqualTo(150);
        assertThat(tested.at("/metrics/micro/f1").asDouble()).isGreaterThan(0.9);
        assertThat(Cli.good(Cli.words(evaluate, csv, "--label-separator", ";", "--json"))
                        .json())
                .isEqualTo(tested);
        assertThat(Cli.good(Cli.words(evaluate, jsonl)).out())
                .containsPattern("150 texts: micro-F1 [0-9.]+ %, macro-F1 ")
                .contains("cat: precision ", "threshold 0.");

        List<JsonNode> rows = predicted(model, jsonl, "--adapter", output);
        long right = rows.stream()
                .filter(row -> row.path("predicted").equals(row.path("labels")))
                .count();
        assertThat(right / 150.0).isEqualTo(tested.at("/metrics/exactMatch").asDouble());
        assertThat(rows.get(0).at("/probabilities/ship").asDouble()).isBetween(0.0, 1.0);
        assertThat(Cli.good("inspect", output).out())
                .contains("outputs, multi_label_classification: [cat, milk, ship]");

        Path merged = temp.resolve("merged-labels");
        Cli.good("merge", "--model", model, "--adapter", output, "--output", merged);
        List<JsonNode> alone = predicted(merged, jsonl);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(alone.get(i).path("predicted")).isEqualTo(rows.get(i).path("predicted"));
            assertThat(alone.get(i).at("/probabilities/cat").asDouble())
                    .isCloseTo(rows.get(i).at("/probabilities/cat").asDouble(), within(1e-4));
        }
        assertThat(Cli.good("inspect", merged).out())
                .contains("outputs, multi_label_classification: [cat, milk, ship]");

        Path further = temp.resolve("further");
        Cli.good(training(jsonl, further, "labels", "--adapter", output, "--epochs", 1));
        assertThat(report(further).at("/settings/labels")).isEqualTo(report.at("/settings/labels"));
        assertThat(report(further).at("/learned/start").isNull()).isTrue();
    }

    @Test
    void listsAndSeparatorsGiveTheSameAdapterAndAResumedTrainingTheSameBytes() throws IOException {
        Object[] settings = {"--epochs", 2, "--dropout", 0.1, "--head", "mean", "--class-weights", "balanced"};
        Path ofTexts = temp.resolve("of-texts");
        Cli.good(training(csv, ofTexts, Cli.words(new Object[] {"labels", "--label-separator", ";"}, settings)));
        Path ofLists = temp.resolve("of-lists");
        Path blocked = Files.createDirectories(ofLists.resolve("adapter_model.safetensors"));
        Object[] lists = Cli.words(new Object[] {"labels"}, settings);
        assertThat(Cli.run(training(jsonl, ofLists, Cli.words(lists, "--checkpoint-every", 4)))
                        .code())
                .isEqualTo(1);
        Files.delete(blocked);
        Cli.good(training(jsonl, ofLists, Cli.words(lists, "--resume")));
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json", "task.json")) {
            assertThat(ofLists.resolve(file)).hasSameBinaryContentAs(ofTexts.resolve(file));
        }
    }

    @Test
    void aNumberIsLearnedTestedAndMerged() throws IOException {
        Path output = temp.resolve("stars");
        Cli cli = Cli.good(training(numbers, output, "stars", "--number", "--epochs", 6));
        assertThat(cli.out())
                .contains(
                        "adapter against the frozen model",
                        "adapter against word counts",
                        "adapter against the mean",
                        "ridge regression")
                .contains("word counts:    mean squared error", "Pearson", "Spearman");
        JsonNode report = report(output);
        assertThat(report.at("/metrics/pearson").asDouble()).isGreaterThan(0.8);
        assertThat(report.at("/judgement/value")).isEqualTo(report.at("/metrics/meanSquaredError"));
        assertThat(report.at("/judgement/comparisons/2/difference/low").asDouble())
                .isPositive();
        assertThat(Files.readString(output.resolve("report.html")))
                .contains("Spearman", "Mean squared error", "Word counts");
        assertThat(report.at("/words/pearson").asDouble()).isGreaterThan(0.9);
        assertThat(report.at("/words/texts")).isEqualTo(report.at("/metrics/texts"));
        assertThat(Files.readString(output.resolve("README.md"))).contains("gives a text a number, stars");
        JsonNode task = JSON.readTree(output.resolve("task.json").toFile());
        assertThat(task.path("problem_type").asText()).isEqualTo("regression");
        assertThat(task.at("/id2label/0").asText()).isEqualTo("stars");

        Object[] evaluate = {"evaluate", "--model", model, "--adapter", output, "--label", "stars", "--data", numbers};
        JsonNode tested = Cli.good(Cli.words(evaluate, "--json")).json();
        assertThat(tested.at("/metrics/pearson").asDouble()).isGreaterThan(0.8);
        assertThat(Cli.good(evaluate).out()).contains("150 texts: mean squared error ");

        List<JsonNode> rows = predicted(model, numbers, "--adapter", output);
        double sum = 0;
        for (JsonNode row : rows) {
            sum += Math.pow(row.path("predicted").asDouble() - row.path("stars").asDouble(), 2);
        }
        assertThat(sum / 150).isCloseTo(tested.at("/metrics/meanSquaredError").asDouble(), within(1e-9));
        Path merged = temp.resolve("merged-stars");
        Cli.good("merge", "--model", model, "--adapter", output, "--output", merged);
        List<JsonNode> alone = predicted(merged, numbers);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(alone.get(i).path("predicted").asDouble())
                    .isCloseTo(rows.get(i).path("predicted").asDouble(), within(1e-3));
        }
        Path further = temp.resolve("further-stars");
        Cli.good(training(numbers, further, "stars", "--adapter", output, "--epochs", 1, "--validation", 0));
        assertThat(report(further).at("/settings/problem").asText()).isEqualTo("regression");
        Cli other =
                Cli.run(training(csv, temp.resolve("none"), "labels", "--label-separator", ";", "--adapter", output));
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err())
                .contains("the adapter must be one for multi_label_classification, found regression in task.json");
    }

    /** The number is how many words two texts have in common, as that of STS-B grows with what they have in common. */
    @Test
    void aNumberOfPairsIsLearnedTestedAndMerged() throws IOException {
        Random random = new Random(5);
        StringBuilder rows = new StringBuilder("one,other,score,same\n");
        for (int i = 0; i < 120; i++) {
            String one = WORDS.get(random.nextInt(3));
            String other = WORDS.get(random.nextInt(3));
            boolean isSame = one.equals(other);
            rows.append("%s,%s,%s,%s\n".formatted(one, other, isSame ? "4.5" : "1.5", isSame ? "yes" : "no"));
        }
        Path pairs = Files.writeString(temp.resolve("pairs.csv"), rows);
        Object[] columns = {"--text", "one", "--text-pair", "other"};
        Path output = temp.resolve("similar");
        Cli.good(training(pairs, output, Cli.words(new Object[] {"score", "--number", "--epochs", 8}, columns)));
        JsonNode report = report(output);
        assertThat(report.at("/settings/textPair").asText()).isEqualTo("other");
        assertThat(Files.readString(output.resolve("README.md"))).contains("--text one --text-pair other");
        JsonNode task = JSON.readTree(output.resolve("task.json").toFile());
        assertThat(task.path("text_pair").asBoolean()).isTrue();
        assertThat(task.path("problem_type").asText()).isEqualTo("regression");

        Object[] evaluate = {"evaluate", "--model", model, "--adapter", output, "--label", "score", "--data", pairs};
        JsonNode tested =
                Cli.good(Cli.words(Cli.words(evaluate, columns), "--json")).json();
        assertThat(tested.at("/metrics/pearson").asDouble()).isGreaterThan(0.8);
        assertThat(tested.at("/metrics/spearman").asDouble()).isGreaterThan(0.5);
        List<JsonNode> found = predicted(model, pairs, Cli.words(columns, "--adapter", output));
        double sum = 0;
        for (JsonNode row : found) {
            sum += Math.pow(row.path("predicted").asDouble() - row.path("score").asDouble(), 2);
        }
        assertThat(sum / 120).isCloseTo(tested.at("/metrics/meanSquaredError").asDouble(), within(1e-9));

        Path merged = temp.resolve("merged-similar");
        Cli.good("merge", "--model", model, "--adapter", output, "--output", merged);
        List<JsonNode> alone = predicted(merged, pairs, columns);
        for (int i = 0; i < found.size(); i++) {
            assertThat(alone.get(i).path("predicted").asDouble())
                    .isCloseTo(found.get(i).path("predicted").asDouble(), within(1e-3));
        }
        Object[] further = {"score", "--adapter", output, "--epochs", 1, "--validation", 0};
        Cli.good(training(pairs, temp.resolve("further-similar"), Cli.words(further, columns)));
        Cli ofTexts = Cli.run(training(pairs, temp.resolve("none"), Cli.words(further, "--text", "one")));
        assertThat(ofTexts.err()).contains("the adapter takes pairs of texts, found texts", "--text-pair");
        assertThat(Cli.run(Cli.words(evaluate, "--text", "one")).err())
                .contains("the adapter takes pairs of texts, found texts");
        Cli missing = Cli.run(
                training(pairs, temp.resolve("none"), "score", "--number", "--text", "one", "--text-pair", "second"));
        assertThat(missing.err()).contains("must have a value second, found", "name another column with --text-pair");

        Path classes = temp.resolve("same");
        Cli.good(training(pairs, classes, Cli.words(new Object[] {"same", "--epochs", 2, "--head", "mean"}, columns)));
        JsonNode named = Cli.good(Cli.words(
                        new Object[] {
                            "evaluate", "--model", model, "--adapter", classes, "--label", "same", "--data", pairs
                        },
                        Cli.words(columns, "--json")))
                .json();
        assertThat(named.at("/metrics/accuracy").asDouble()).isGreaterThan(0.5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a.csv | text,label\\na cat,cat;;ship\\n | --label-separator ; | a.csv:2: each label of label must have a character",
                "a.csv | text,label\\na cat,cat;cat\\n | --label-separator ; | a.csv:2: label must have each label once, found 'cat' twice",
                "a.csv | text,label\\na cat,\\n | --label-separator ; | the column label must have at least one label, found none",
                "a.jsonl | {\"text\": \"a cat\", \"label\": [\"cat\"]}\\n{\"text\": \"a ship\", \"label\": \"ship\"}\\n | --epochs 1 | a.jsonl:2: label must be a list of labels, as JSONL has it, found another value; name what stands between two labels with --label-separator",
                "a.jsonl | {\"text\": \"a cat\", \"label\": [\"cat;x\"]}\\n | --label-separator ; | a.jsonl:1: each label of the list label must be one label, found ';'",
                "a.jsonl | {\"text\": \"a cat\", \"label\": [[]]}\\n | --epochs 1 | a.jsonl:1: each label of label must be a text, found",
                "a.csv | text,label\\na cat,3\\na ship,many\\n | --number | a.csv:3: label must be a number, found 'many'",
                "a.csv | text,label\\na cat,3\\na ship,NaN\\n | --number | a.csv:3: label must be a number, found 'NaN'",
                "a.csv | text,label\\na cat,3\\na ship,3\\n | --number | must have at least two different numbers for training, found only 3.0",
                "a.csv | text,other\\na cat,3\\n | --number | must have a value label, found [text, other]; name another column with --label",
            })
    void aWrongLineIsNamed(String name, String content, String options, String message) throws IOException {
        Path file = Files.writeString(temp.resolve(name), content.replace("\\n", "\n"));
        Cli cli = Cli.run(training(file, temp.resolve("none"), Cli.words(new Object[] {"label"}, (Object[])
                (options + " --validation 0").split(" "))));
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains(message);
        assertThat(temp.resolve("none").resolve("adapter_model.safetensors")).doesNotExist();
    }

    @Test
    void optionsThatContradictEachOtherAreRefused() {
        assertThat(Cli.run(training(csv, temp.resolve("none"), "labels", "--number", "--label-separator", ";"))
                        .err())
                .contains("--number must be used without --label-separator");
        assertThat(Cli.run(training(csv, temp.resolve("none"), "labels", "--number", "--class-weights", "balanced"))
                        .err())
                .contains("--class-weights must be used with classes or labels, found --number");
        assertThat(Cli.run(training(csv, temp.resolve("none"), "labels", "--label-separator", ""))
                        .err())
                .contains("--label-separator must have at least one character");
    }

    @Test
    void aLabelThatTheAdapterDoesNotKnowIsRefused() throws IOException {
        Path output = temp.resolve("known");
        Cli.good(training(jsonl, output, "labels", "--epochs", 1, "--no-baseline"));
        Path other = Files.writeString(temp.resolve("other.csv"), "text,labels\nthe cat,cat;dog\n");
        Object[] evaluate = {"evaluate", "--model", model, "--adapter", output, "--data", other, "--label", "labels"};
        assertThat(Cli.run(Cli.words(evaluate, "--label-separator", ";")).err())
                .contains(other + ":2: labels must have labels of the classifier, [cat, milk, ship], found 'dog'");
        assertThat(Cli.run(evaluate).err()).contains("name what stands between two labels with --label-separator");
    }
}
