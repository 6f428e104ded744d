package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --search} of the commands that train. */
class SettingsSearchTest {
    @TempDir
    private static Path temp;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        data = SmallTexts.csv(temp.resolve("texts.csv"), 120, 2);
    }

    private static Object[] search(Object minutes, Object... more) {
        return Cli.words(
                new Object[] {
                    "classify",
                    "--model",
                    model,
                    "--data",
                    data,
                    "--output",
                    temp.resolve("output"),
                    "--search",
                    minutes,
                    "--epochs",
                    2
                },
                more);
    }

    private static List<Double> losses(JsonNode search) {
        return StreamSupport.stream(search.at("/trials").spliterator(), false)
                .map(trial -> trial.at("/loss").asDouble())
                .toList();
    }

    @Test
    void suggestsTheSettingsWithTheBestValidationAndWritesNothing() throws IOException {
        JsonNode search = Cli.good(search(5, "--json")).json();
        assertThat(search.at("/isComplete").asBoolean()).isTrue();
        List<String> options = search.at("/trials").findValuesAsText("options");
        assertThat(options).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(6);
        assertThat(options.get(0)).isEqualTo("--rate 5.0E-4 --epochs 2 --rank 8 --alpha 16.0 --dropout 0.0");
        assertThat(options.get(1)).startsWith("--rate 0.001 ");
        assertThat(options)
                .anyMatch(one -> one.contains("--dropout 0.1"))
                .anyMatch(one -> one.contains("--epochs 4"))
                .anyMatch(one -> one.contains("--rank 16 --alpha 32.0"));
        List<Double> losses = losses(search);
        int best = losses.indexOf(losses.stream().min(Double::compare).orElseThrow());
        assertThat(search.at("/suggestion").asText()).isEqualTo(options.get(best));
        assertThat(temp.resolve("output")).doesNotExist();
    }

    /** A trial is the training that the command would run with its options. */
    @Test
    void theLossIsThatOfATrainingWithTheseOptions() throws IOException {
        JsonNode trial = Cli.good(search(0.0001, "--json")).json();
        assertThat(trial.at("/trials")).hasSize(1);
        assertThat(trial.at("/isComplete").asBoolean()).isFalse();
        JsonNode trained = Cli.good(Cli.words(
                        new Object[] {
                            "classify", "--model", model, "--data", data, "--output", temp.resolve("trained"), "--json"
                        },
                        (Object[]) trial.at("/suggestion").asText().split(" ")))
                .json();
        double best = StreamSupport.stream(trained.at("/training/validations").spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .min()
                .orElseThrow();
        assertThat(losses(trial)).containsExactly(best);
    }

    @Test
    void saysWhatWasTried() {
        assertThat(Cli.good(search(0.0001)).out())
                .contains(
                        "Nothing was written. The best loss on the validation, in 1 training of ",
                        "The time was over before everything was tried.",
                        "suggestion: --rate 5.0E-4 --epochs 2 --rank 8");
    }

    @Test
    void anAdapterThatGoesOnKeepsItsRank() throws IOException {
        Path first = temp.resolve("first");
        Cli.good("classify", "--model", model, "--data", data, "--output", first, "--epochs", 1);
        JsonNode search = Cli.good(search(5, "--adapter", first, "--json")).json();
        assertThat(search.at("/trials").findValuesAsText("options"))
                .allMatch(one -> one.matches("--rate \\S+ --epochs \\d+"))
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "0; --json; --search must be above 0 and at most 10080 minutes, found 0.0",
                "-1; --json; --search must be above 0 and at most 10080 minutes, found -1.0",
                "NaN; --json; --search must be above 0 and at most 10080 minutes, found NaN",
                "1; --resume; --search must be used without --resume, --overwrite, --dry-run and --find-rate",
                "1; --find-rate; --search must be used without --resume, --overwrite, --dry-run and --find-rate",
                "1; --overwrite; --search must be used without --resume, --overwrite, --dry-run and --find-rate",
                "1; --dry-run; --search must be used without --resume, --overwrite, --dry-run and --find-rate",
                "1; --validation 0; --search: there must be examples for the validation, found none"
            })
    void whatCannotBeMeantIsRefused(String minutes, String more, String message) {
        assertThat(Cli.run(search(minutes, (Object[]) more.split(" "))).err()).contains(message);
    }

    @Test
    void fewTextsHaveNothingToSearchFor() throws IOException {
        // Two texts of a class are too few to say whether pairs help, so they are taken.
        Path few = Files.writeString(
                temp.resolve("few.csv"), "text,label\nthe cat purrs,1\na cat,1\na ship sails,2\nthe ship,2\n");
        Path held = Files.writeString(temp.resolve("held.csv"), "text,label\nthe cat,1\na ship,2\n");
        Object[] words = {
            "classify",
            "--model",
            model,
            "--data",
            few,
            "--validation-file",
            held,
            "--output",
            temp.resolve("few"),
            "--search",
            1
        };
        assertThat(Cli.run(words).err())
                .contains("--search: there must be steps to train, found none", "--epochs asks for steps after them");
    }
}
