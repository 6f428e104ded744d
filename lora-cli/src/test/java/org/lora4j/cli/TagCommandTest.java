package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

/** The way from a file of tags to spans, on a small random encoder: animals, and what follows them. */
@Tag("slow")
class TagCommandTest {
    private static final List<String> ANIMALS = List.of("cat", "milk", "ship");
    private static final List<String> OTHERS = List.of("the", "a", "on");

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path conll;
    private static Path spans;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        StringBuilder words = new StringBuilder("-DOCSTART- -X- O O\n\n");
        StringBuilder texts = new StringBuilder();
        Random random = new Random(3);
        for (int i = 0; i < 90; i++) {
            List<String> text = new ArrayList<>();
            List<String> found = new ArrayList<>();
            // A number for each text, so that none is another one's copy.
            for (int w = 0; w < 5; w++) {
                boolean isAnimal = random.nextInt(3) == 0;
                String word = (isAnimal ? ANIMALS : OTHERS).get(random.nextInt(3));
                words.append(word)
                        .append(" NN ")
                        .append(isAnimal ? "B-ANIMAL" : "O")
                        .append('\n');
                if (isAnimal) {
                    int start = String.join(" ", text).length() + (text.isEmpty() ? 0 : 1);
                    found.add("[" + start + ", " + (start + word.length()) + ", \"ANIMAL\"]");
                }
                text.add(word);
            }
            words.append('\n');
            texts.append("{\"text\": \"%s\", \"entities\": %s}\n".formatted(String.join(" ", text), found));
        }
        conll = Files.writeString(temp.resolve("animals.conll"), words);
        spans = Files.writeString(temp.resolve("animals.jsonl"), texts);
    }

    private static Object[] training(Path data, Path output, Object... more) {
        return Cli.words(
                new Object[] {"tag", "--model", model, "--data", data, "--output", output, "--rate", 0.01}, more);
    }

    private static JsonNode report(Path output) throws IOException {
        return new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    @Test
    void tagsAreLearnedTestedAndFound() throws IOException {
        Path output = temp.resolve("animals");
        Cli cli = Cli.good(training(conll, output));
        assertThat(cli.out())
                .contains("with 1 label", "adapter against the frozen model", "adapter against a list of words");
        JsonNode report = report(output);
        assertThat(report.at("/metrics/micro/f1").asDouble()).isGreaterThan(0.95);
        assertThat(report.at("/metrics/strict/f1").asDouble()).isGreaterThan(0.95);
        assertThat(report.at("/judgement/measuredOn").asText()).isEqualTo("test");
        assertThat(report.at("/judgement/comparisons")).hasSize(2);
        assertThat(Files.readString(output.resolve("report.html")))
                .contains("<mark>", "ANIMAL", "A list of words", "test texts");
        assertThat(Files.readString(output.resolve("README.md"))).contains("pipeline_tag: token-classification");
        assertThat(Files.readString(output.resolve("task.json"))).contains("\"tag\"", "B-ANIMAL");

        // Words and spans are the same examples.
        Object[] evaluate = {"evaluate", "--model", model, "--adapter", output, "--json", "--data"};
        JsonNode ofWords = Cli.good(Cli.words(evaluate, conll)).json();
        assertThat(ofWords.at("/metrics/micro/f1").asDouble()).isGreaterThan(0.95);
        assertThat(Cli.good(Cli.words(evaluate, spans)).json()).isEqualTo(ofWords);
        assertThat(Cli.good("evaluate", "--model", model, "--adapter", output, "--data", conll)
                        .out())
                .contains("90 texts: F1 of spans ", "ANIMAL: precision ");

        Path found = temp.resolve("found.jsonl");
        Cli.good("predict", "--model", model, "--adapter", output, "--data", spans, "--output", found);
        JsonNode first = new ObjectMapper().readTree(Files.readAllLines(found).get(0));
        assertThat(first.at("/spans")).hasSameSizeAs(first.at("/entities"));
        for (int i = 0; i < first.at("/spans").size(); i++) {
            assertThat(first.at("/spans/" + i + "/start")).isEqualTo(first.at("/entities/" + i + "/0"));
            assertThat(first.at("/spans/" + i + "/end")).isEqualTo(first.at("/entities/" + i + "/1"));
            assertThat(first.at("/spans/" + i + "/label").asText()).isEqualTo("ANIMAL");
        }

        Path further = temp.resolve("further");
        Cli.good(training(conll, further, "--adapter", output, "--epochs", 1));
        assertThat(report(further).at("/settings/tags")).isEqualTo(report.at("/settings/tags"));
    }

    /** Tags that all count the same let the model name a rare one more often. */
    @Test
    void tagsCanCountTheSame() throws IOException {
        Object[] settings = {"--epochs", 1};
        Path plain = temp.resolve("plain-weights");
        Cli.good(training(conll, plain, settings));
        Path balanced = temp.resolve("balanced-weights");
        Cli.good(training(conll, balanced, Cli.words(settings, "--class-weights", "balanced")));
        assertThat(report(plain).at("/settings/classWeights").asText()).isEqualTo("none");
        assertThat(report(balanced).at("/settings/classWeights").asText()).isEqualTo("balanced");
        assertThat(report(balanced).at("/metrics/micro/recall").asDouble())
                .isGreaterThanOrEqualTo(
                        report(plain).at("/metrics/micro/recall").asDouble());
        assertThat(balanced.resolve("adapter_model.safetensors"))
                .content(StandardCharsets.ISO_8859_1)
                .isNotEqualTo(
                        Files.readString(plain.resolve("adapter_model.safetensors"), StandardCharsets.ISO_8859_1));
    }

    @Test
    void wordsAndSpansGiveTheSameAdapterAndAResumedTrainingTheSameBytes() throws IOException {
        Object[] settings = {"--epochs", 2, "--batch", 8, "--dropout", 0.1, "--scheme", "bilou", "--sub-words", "all"};
        Path ofWords = temp.resolve("words");
        Cli.good(training(conll, ofWords, settings));
        Path ofSpans = temp.resolve("spans");
        Path blocked = Files.createDirectories(ofSpans.resolve("adapter_model.safetensors"));
        assertThat(Cli.run(training(spans, ofSpans, Cli.words(settings, "--checkpoint-every", 4)))
                        .code())
                .isEqualTo(1);
        Files.delete(blocked);
        Cli.good(training(spans, ofSpans, Cli.words(settings, "--resume")));
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json", "task.json")) {
            assertThat(ofSpans.resolve(file)).hasSameBinaryContentAs(ofWords.resolve(file));
        }
        assertThat(Files.readString(ofWords.resolve("task.json"))).contains("U-ANIMAL", "\"all\"");
        assertThat(report(ofSpans).at("/metrics/micro/f1").asDouble())
                .isCloseTo(report(ofWords).at("/metrics/micro/f1").asDouble(), within(0.0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a.conll | cat B-A\\ndog\\n | a.conll:2: must have a word and its tag, found one column
            a.conll | cat NN B-A\\ndog B-A\\n | a.conll:2: must have as many columns as the lines before it, 3, found 2
            a.jsonl | {"tokens": ["cat"], "tags": ["O", "O"]} | a.jsonl:1: tags: there must be one for each of the 1 words, found 2
            a.jsonl | {"tokens": ["cat"], "tags": [3]} | a.jsonl:1: tags must be a list of texts, found
            a.jsonl | {"text": "a cat", "spans": [{"start": 3, "end": 5, "label": "A"}]} | a.jsonl:1: spans: each must begin and end with a word of the text, found 3 to 5 for A
            a.jsonl | {"text": "a cat", "spans": [[2, 9, "A"]]} | a.jsonl:1: spans[0] must lie in the text of 5 characters, found 2 to 9
            a.jsonl | {"text": "a cat"} | a.jsonl:1: must have words and tags, tokens and tags, or a text with spans in one of [spans, entities, label], found [text]
            a.jsonl | {"text": "a cat", "spans": []} | there must be at least one span with a label, found none
            """)
    void aWrongLineIsNamed(String name, String content, String message) throws IOException {
        Path file = Files.writeString(temp.resolve(name), content.replace("\\n", "\n"));
        Cli cli = Cli.run(training(file, temp.resolve("none"), "--validation", 0));
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains(message);
        assertThat(temp.resolve("none").resolve("adapter_model.safetensors")).doesNotExist();
    }

    @Test
    void aSchemeThatTheTagsCannotSayIsRefused() {
        Cli cli = Cli.run(training(conll, temp.resolve("none"), "--scheme", "iob1"));
        assertThat(cli.code()).isEqualTo(2);
        assertThat(cli.err()).contains("--scheme must be iob2, iobes, bilou, ioe2 or plain");
    }

    @Test
    void aLabelThatTheAdapterDoesNotKnowIsRefused() throws IOException {
        Path output = temp.resolve("known");
        Cli.good(training(conll, output, "--epochs", 1));
        Path other = Files.writeString(temp.resolve("other.conll"), "cat B-PLANT\n");
        assertThat(Cli.run("evaluate", "--model", model, "--adapter", output, "--data", other)
                        .err())
                .contains(other + ":1: a label must be one of those of the model, [ANIMAL], found 'PLANT'");
    }
}
