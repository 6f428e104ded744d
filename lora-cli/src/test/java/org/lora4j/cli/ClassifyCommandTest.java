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
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Split;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.Validation;
import org.nd4j.linalg.factory.Nd4j;

/** The way from a file of texts to a tested classifier, on a small random encoder. */
class ClassifyCommandTest {
    @TempDir
    private static Path temp;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.bert(temp.resolve("bert"), 1);
        data = SmallTexts.csv(temp.resolve("texts.csv"), 120, 2);
    }

    private static Object[] training(Path output, Object... more) {
        return withoutRate(output, Cli.words(new Object[] {"--rate", 0.01}, more));
    }

    private static Object[] withoutRate(Path output, Object... more) {
        return on(model, data, output, more);
    }

    private static Object[] on(Path folder, Path texts, Path output, Object... more) {
        return Cli.words(
                new Object[] {
                    "classify", "--model", folder, "--data", texts, "--output", output, "--epochs", 4, "--batch", 8
                },
                more);
    }

    private static JsonNode report(Path output) throws IOException {
        return new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    @Test
    void writesAnAdapterThatEvaluatePredictAndInspectUse() throws IOException {
        Path output = temp.resolve("first");
        Cli cli = Cli.good(training(output));
        assertThat(cli.out())
                .contains(
                        "96 texts for training, 12 for the validation and 12 for the test, in 2 classes",
                        "word counts:    accuracy 100.00 %",
                        "adapter:        accuracy 100.00 %",
                        "adapter against word counts: 0.0 points (95 %: −14.0 to +14.0)",
                        "adapter against the most frequent class: +41.7 points",
                        "measured on 12 test texts",
                        "The classifier began as softmax regression on the frozen model.",
                        "The numbers are of an adapter that learned 96 texts; the one that was written learned all 120 in the"
                                + " same way.",
                        "report.html");

        JsonNode report = report(output);
        assertThat(report.at("/metrics/accuracy").asDouble()).isEqualTo(1);
        assertThat(report.at("/metrics/texts").asInt()).isEqualTo(12);
        assertThat(report.at("/baseline/texts")).isEqualTo(report.at("/metrics/texts"));
        assertThat(report.at("/words/texts")).isEqualTo(report.at("/metrics/texts"));
        assertThat(report.at("/judgement/measuredOn").asText()).isEqualTo("test");
        assertThat(report.at("/judgement/value")).isEqualTo(report.at("/metrics/accuracy"));
        assertThat(report.at("/judgement/comparisons").findValuesAsText("baseline"))
                .containsExactly("the frozen model", "word counts", "the most frequent class");
        assertThat(report.at("/judgement/comparisons/1/difference/low").asDouble())
                .isNegative();
        assertThat(report.at("/judgement/comparisons/2/value").asDouble()).isCloseTo(7 / 12.0, within(1e-12));
        assertThat(report.at("/judgement/verdict").asText())
                .startsWith("The test texts do not show that the adapter is better than ")
                .contains("word counts");
        assertThat(report.at("/calibration/expectedError").asDouble()).isBetween(0.0, 0.5);
        assertThat(report.at("/training/losses"))
                .hasSize(report.at("/training/steps").asInt());
        assertThat(report.at("/training/validations")).hasSize(5);
        assertThat(report.at("/learned/start").asText()).isEqualTo("probe");
        assertThat(report.at("/learned/measured").asInt()).isEqualTo(96);
        assertThat(report.at("/learned/written").asInt()).isEqualTo(120);
        assertThat(report.at("/settings/head").asText()).isEqualTo("pooler");
        // 13 linear layers of rank 8, a classifier of 2 · 16 weights and 2 biases.
        assertThat(report.at("/sizes/trainable").asInt())
                .isEqualTo(8 * (2 * (4 * (16 + 16) + 2 * (16 + 32)) + 32) + 34);
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(output.resolve("checkpoint.safetensors")).doesNotExist();
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("{{")
                .contains(
                        "Results on 12 test texts",
                        "Adapter better by",
                        "<p class=\"verdict open\">The test texts do not show",
                        "Calibration: expected error",
                        "<th scope=\"row\">cats</th>",
                        "data:image/png");
        assertThat(Files.readString(output.resolve("README.md")))
                .startsWith("---\nbase_model: \"bert\"\n")
                .contains("library_name: peft", "cats and ships", "| accuracy on ", "| rate | 0.01 |");
        assertThat(new ObjectMapper()
                        .readTree(output.resolve("task.json").toFile())
                        .at("/id2label/1")
                        .asText())
                .isEqualTo("ships");

        Object[] source = {"--model", model, "--adapter", output};
        JsonNode tested = Cli.good(Cli.words(new Object[] {"evaluate", "--data", data, "--json"}, source))
                .json();
        assertThat(tested.at("/metrics/texts").asInt()).isEqualTo(120);
        assertThat(tested.at("/metrics/accuracy").asDouble()).isGreaterThan(0.97);
        assertThat(Cli.good(Cli.words(new Object[] {"evaluate", "--data", data}, source))
                        .out())
                .containsPattern("120 texts: accuracy [0-9.]+ %, macro-F1 [0-9.]+\n  cats  precision ");

        Path predicted = temp.resolve("predicted.jsonl");
        assertThat(Cli.good(Cli.words(new Object[] {"predict", "--data", data, "--output", predicted}, source))
                        .out())
                .contains("120 rows written to " + predicted);
        long right = 0;
        for (TextRow row : TextFiles.jsonl(predicted)) {
            JsonNode json = new ObjectMapper().readTree(row.json());
            assertThat(row.columns()).containsExactly("text", "label", "group", "predicted", "probability");
            assertThat(json.get("probability").asDouble()).isBetween(0.5, 1.0);
            right += json.get("label").equals(json.get("predicted")) ? 1 : 0;
        }
        assertThat(right / 120.0).isEqualTo(tested.at("/metrics/accuracy").asDouble());

        JsonNode inspected =
                Cli.good("inspect", output, "--model", model, "--json").json();
        assertThat(inspected.at("/rank").asInt()).isEqualTo(8);
        assertThat(inspected.at("/parameters")).isEqualTo(report.at("/sizes/trainable"));
        assertThat(inspected.at("/labels").toString()).isEqualTo("[\"cats\",\"ships\"]");
        assertThat(inspected.at("/task").asText()).isEqualTo("SEQ_CLS");
        assertThat(inspected.at("/fit/fits").asBoolean()).isTrue();
        assertThat(inspected.at("/fit/sameWeights").asBoolean()).isTrue();
        Path other = SmallModels.bert(temp.resolve("other-bert"), 9);
        JsonNode elsewhere =
                Cli.good("inspect", output, "--model", other, "--json").json();
        assertThat(elsewhere.at("/fit/fits").asBoolean()).isTrue();
        assertThat(elsewhere.at("/fit/sameWeights").asBoolean()).isFalse();
        assertThat(elsewhere.at("/fit/problem").asText()).contains("found other weights");
        assertThat(Cli.good("inspect", output, "--model", other).out()).contains("fits " + other + ": yes", ": NO");
    }

    @Test
    @Tag("slow")
    void aSecondTrainingReplacesAnAdapterOnlyIfAsked() throws IOException {
        Path output = temp.resolve("twice");
        Object[] few = {"--no-baseline"};
        Cli.good(training(output, few));
        Path tensors = output.resolve("adapter_model.safetensors");
        byte[] first = Files.readAllBytes(tensors);

        Cli refused = Cli.run(training(output, Cli.words(few, "--seed", 1)));
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.errLines())
                .containsExactly("error: " + output + ": the output folder must have no adapter and no model, found"
                        + " adapter_config.json; choose another --output, or replace it with --overwrite");
        assertThat(tensors).hasBinaryContent(first);

        Files.writeString(output.resolve("checkpoint.safetensors"), "of an older training");
        Cli.good(training(output, Cli.words(few, "--seed", 1, "--overwrite")));
        assertThat(Files.readAllBytes(tensors)).isNotEqualTo(first);
        assertThat(output.resolve("checkpoint.safetensors")).doesNotExist();
        Cli.good(training(output, Cli.words(few, "--dry-run")));
    }

    @Test
    void theAdapterIsThatOfTheSameTrainingByProgram() throws IOException {
        Path output = temp.resolve("by-command");
        Cli.good(training(
                output,
                "--test",
                0,
                "--head",
                "mean",
                "--seed",
                5,
                "--no-baseline",
                "--target",
                "query,value",
                "--start",
                "random",
                "--no-learn-all"));

        Split<TextRow> rows = TextFiles.csv(data).splitWithin(row -> row.label("label"), 5, 0.1);
        List<LabelledText> train = new ArrayList<>();
        rows.train().forEach(row -> train.add(row.labelled("text", "label")));
        List<LabelledText> held = new ArrayList<>();
        rows.test().forEach(row -> held.add(row.labelled("text", "label")));
        // As the program computes: the number of threads decides about the last bits.
        NativeThreads threads = NativeThreads.forBlas();
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            Network network = encoder.model().meanClassifier(2, 5);
            AdapterView view = LoRAModel.of(network)
                    .add(
                            "program",
                            LoRAConfig.builder()
                                    .rank(8)
                                    .alpha(16)
                                    .targetModules("query", "value")
                                    .modulesToSave("classifier")
                                    .seed(5)
                                    .build());
            int steps = 4 * ((train.size() + 7) / 8);
            SplittableRandom random = new SplittableRandom(5);
            int[] order = IntStream.range(0, train.size()).toArray();
            Trainer.builder(view)
                    .updater(new AdamW(new LinearWarmupSchedule(0.01, steps / 10, steps), 0.01))
                    .clipNorm(1)
                    .epochs(4)
                    .validation(Validation.loss(batches(
                                    encoder,
                                    held,
                                    IntStream.range(0, held.size()).toArray()))
                            .withPatience(3))
                    .build()
                    .fit((Iterable<Batch>) () ->
                            batches(encoder, train, shuffle(order, random)).iterator());
            assertThat(PeftAdapters.load(output).weights())
                    .isEqualTo(view.adapter().weights());
            assertThat(PeftAdapters.load(output).savedModules())
                    .isEqualTo(view.adapter().savedModules());
        } finally {
            threads.close();
        }
    }

    /** Each epoch shuffles the order of the one before. */
    private static int[] shuffle(int[] order, SplittableRandom random) {
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    private static List<Batch> batches(EncoderFolder encoder, List<LabelledText> texts, int[] order) {
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < order.length; from += 8) {
            List<LabelledText> some = IntStream.range(from, Math.min(order.length, from + 8))
                    .mapToObj(i -> texts.get(order[i]))
                    .toList();
            Sequences tokens =
                    encoder.tokens(some.stream().map(LabelledText::text).toList());
            float[][] labels = some.stream()
                    .map(text -> text.label().equals("cats") ? new float[] {1, 0} : new float[] {0, 1})
                    .toArray(float[][]::new);
            batches.add(new Batch(tokens, Nd4j.createFromArray(labels)));
        }
        return batches;
    }

    @Tag("slow")
    @Test
    void aResumedTrainingWritesTheBytesOfOneThatWasNotInterrupted() throws IOException {
        Object[] plain = {"--dropout", 0.1, "--schedule", "cosine", "--accumulate", 2, "--no-baseline"};
        Path held = SmallTexts.csv(temp.resolve("held-out.csv"), 20, 3);
        Object[] settings = Cli.words(plain, "--validation-file", held);
        Path whole = temp.resolve("whole");
        Cli.good(training(whole, settings));

        // The bytes of a checkpoint of the same training that did not reach its end.
        Path interrupted = temp.resolve("interrupted");
        Path blocked = Files.createDirectories(interrupted.resolve("adapter_model.safetensors"));
        Cli failed = Cli.run(training(interrupted, Cli.words(settings, "--checkpoint-every", 5)));
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.errLines())
                .singleElement()
                .asString()
                .contains("the adapter in " + interrupted + " could not be written")
                .contains("kept in " + interrupted + ": checkpoint.safetensors; go on with --resume");
        Files.delete(blocked);
        assertThat(interrupted.resolve("checkpoint.safetensors")).exists();

        Cli begun = Cli.run(training(interrupted, settings));
        assertThat(begun.code()).isEqualTo(1);
        assertThat(begun.err()).contains("there is the checkpoint of an interrupted training; go on with --resume");
        Cli changed = Cli.run(training(interrupted, Cli.words(settings, "--resume", "--rank", 4, "--seed", 1)));
        assertThat(changed.code()).isEqualTo(1);
        assertThat(changed.err())
                .contains("a training goes on with the settings with which it began", "seed 1 in place of 0");

        // The same texts with other classes, other texts for the validation, and another model.
        Path swapped = Files.writeString(
                temp.resolve("swapped.csv"),
                Files.readString(data)
                        .replace(",cats,", ",x,")
                        .replace(",ships,", ",cats,")
                        .replace(",x,", ",ships,"));
        Object[] resume = Cli.words(settings, "--rate", 0.01, "--resume");
        assertThat(Cli.run(on(model, swapped, interrupted, resume)).err()).contains("texts ", " in place of ");
        Path others = SmallTexts.csv(temp.resolve("held-out-others.csv"), 20, 4);
        assertThat(Cli.run(training(interrupted, Cli.words(plain, "--resume", "--validation-file", others)))
                        .err())
                .contains("texts ", " in place of ");
        Path other = SmallModels.bert(temp.resolve("another-bert"), 9);
        assertThat(Cli.run(on(other, data, interrupted, resume)).err())
                .contains("the base ", " in place of ")
                .doesNotContain("texts ");

        Cli.good(training(interrupted, Cli.words(settings, "--resume")));
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json", "task.json")) {
            assertThat(interrupted.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
        assertThat(report(interrupted).at("/training/losses"))
                .isEqualTo(report(whole).at("/training/losses"));
        assertThat(report(interrupted).at("/training/validations"))
                .isEqualTo(report(whole).at("/training/validations"));
        assertThat(report(interrupted).at("/metrics")).isEqualTo(report(whole).at("/metrics"));
        assertThat(interrupted.resolve("checkpoint.safetensors")).doesNotExist();
        Cli nothing = Cli.run(training(interrupted, Cli.words(settings, "--resume")));
        assertThat(nothing.err()).contains("there must be a checkpoint to resume from, found none");
    }

    @ParameterizedTest
    @CsvSource({
        // Four epochs have a number of steps that 4 divides. With so small a rate, the second one improves nothing.
        "0.01, 0, 4",
        "1e-30, 1, 1"
    })
    @Tag("slow")
    void aTrainingWhoseLastStepHasACheckpointIsResumed(double rate, int patience, int every) throws IOException {
        Object[] settings = {"--no-baseline", "--rate", rate, "--clip", 0, "--warmup", 0, "--patience", patience};
        Path whole = temp.resolve("whole-" + every);
        Cli.good(withoutRate(whole, Cli.words(settings, "--checkpoint-every", 0)));
        Path stopped = temp.resolve("stopped-" + every);
        Path blocked = Files.createDirectories(stopped.resolve("adapter_model.safetensors"));
        Object[] again = Cli.words(settings, "--checkpoint-every", every);
        assertThat(Cli.run(withoutRate(stopped, again)).code()).isEqualTo(1);
        Files.delete(blocked);
        Cli.good(withoutRate(stopped, Cli.words(again, "--resume")));
        assertThat(stopped.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("adapter_model.safetensors"));
        assertThat(report(stopped).at("/training/losses"))
                .isEqualTo(report(whole).at("/training/losses"));
        assertThat(report(stopped).at("/training/stopReason"))
                .isEqualTo(report(whole).at("/training/stopReason"));
        assertThat(report(whole).at("/training/stopReason").asText())
                .isEqualTo(patience == 0 ? "EPOCHS" : "NO_IMPROVEMENT");
    }

    @Test
    @Tag("slow")
    void aLongTrainingPrintsItsProgressWithoutATerminal() {
        Cli cli = Cli.good(
                "classify",
                "--model",
                model,
                "--data",
                data,
                "--output",
                temp.resolve("long"),
                "--epochs",
                100,
                "--batch",
                8,
                "--validation",
                0,
                "--no-progress");
        assertThat(cli.err().lines()).isNotEmpty().allMatch(Cli::isProgress);
    }

    @Test
    @Tag("slow")
    void theCheckpointStaysUntilTheReportIsWritten() throws IOException {
        Path output = temp.resolve("no-report");
        Path blocked = Files.createDirectories(output.resolve("report.json/in-the-way"));
        Cli failed = Cli.run(training(output, "--no-baseline", "--checkpoint-every", 5));
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.errLines())
                .singleElement()
                .asString()
                .contains("the report in " + output + " could not be written", "checkpoint.safetensors");
        assertThat(output.resolve("checkpoint.safetensors")).exists();
        Files.delete(blocked);
        Files.delete(blocked.getParent());
        Cli.good(training(output, "--no-baseline", "--resume"));
        assertThat(output.resolve("report.json")).isNotEmptyFile();
        assertThat(output.resolve("checkpoint.safetensors")).doesNotExist();
    }

    @Test
    @Tag("slow")
    void fewTextsAreUsedMoreOftenUnlessTheUserSaysHowOften() throws IOException {
        Path few = SmallTexts.csv(temp.resolve("few.csv"), 40, 3);
        Object[] command = {"classify", "--model", model, "--data", few, "--output"};
        Cli chosen = Cli.good(Cli.words(command, temp.resolve("chosen"), "--rate", 0.01));
        assertThat(chosen.out())
                .contains("; 10 epochs, more than 4 because there are few examples; --epochs sets another number\n");
        assertThat(report(temp.resolve("chosen")).at("/settings/epochs").asInt())
                .isEqualTo(10);
        Cli said = Cli.good(Cli.words(command, temp.resolve("said"), "--epochs", 2));
        assertThat(said.out()).contains("; 2 epochs\n");
        assertThat(report(temp.resolve("said")).at("/training/epochs").asInt()).isEqualTo(2);
        JsonNode estimate = Cli.good(Cli.words(command, temp.resolve("estimated"), "--dry-run", "--json"))
                .json();
        assertThat(estimate.at("/epochs").asInt()).isEqualTo(10);
    }

    @Test
    void aDryRunWritesNothingAndSaysWhatTheTrainingNeeds() throws IOException {
        Path output = temp.resolve("dry");
        JsonNode estimate = Cli.good(training(output, "--dry-run", "--json")).json();
        assertThat(output).doesNotExist();
        Path real = temp.resolve("not-dry");
        JsonNode report = Cli.good(training(real, "--json")).json();
        assertThat(estimate.at("/trainable")).isEqualTo(report.at("/sizes/trainable"));
        assertThat(estimate.at("/steps")).isEqualTo(report.at("/training/steps"));
        assertThat(estimate.at("/tokens")).isEqualTo(report.at("/sizes/tokens"));
        assertThat(estimate.at("/memoryBytes").asLong()).isGreaterThan(10_000_000);
        assertThat(estimate.at("/seconds").asDouble()).isPositive();
        assertThat(Cli.good(training(output, "--dry-run")).out()).contains("Nothing was written", " steps in about ");
    }

    @Tag("slow")
    @Test
    void aSearchForTheRateSuggestsOneWithWhichTheLossFalls() throws IOException {
        Path output = temp.resolve("rate");
        JsonNode search = Cli.good(withoutRate(output, "--start", "random", "--find-rate", "--json"))
                .json();
        assertThat(output).doesNotExist();
        assertThat(search.at("/trials").size()).isBetween(20, 60);
        assertThat(search.at("/trials/0/rate").asDouble()).isEqualTo(1e-6);
        double suggestion = search.at("/suggestion").asDouble();
        assertThat(suggestion).isBetween(1e-5, 1e-2);
        JsonNode report = Cli.good(
                        on(model, data, temp.resolve("found"), "--start", "random", "--rate", suggestion, "--json"))
                .json();
        JsonNode losses = report.at("/training/losses");
        assertThat(losses.get(losses.size() - 1).asDouble())
                .isLessThan(losses.get(0).asDouble());
        assertThat(Cli.good(withoutRate(output, "--start", "random", "--find-rate"))
                        .out())
                .contains("Nothing was written", "1.0e-06  ", "suggestion: --rate ");
        assertThat(Cli.run(withoutRate(output, "--find-rate", "--dry-run")).err())
                .contains("--find-rate must be used without --resume and --dry-run");
    }

    /** 16 texts for each class at most are few. */
    @Test
    void fewTextsAreLearnedAsPairsWithoutSteps() throws IOException {
        Path few = SmallTexts.csv(temp.resolve("sixteen.csv"), 16, 4);
        Object[] command = {"classify", "--model", model, "--data", few, "--output"};
        Path output = temp.resolve("as-pairs");
        Cli cli = Cli.good(Cli.words(command, output));
        assertThat(cli.out())
                .contains(
                        "The texts are few: the layers learned pairs of them, and the classifier is softmax regression on what they"
                                + " give.",
                        "learned all 16 in the same way.")
                .doesNotContain("mean loss");
        JsonNode report = report(output);
        assertThat(report.at("/learned/start").asText()).isEqualTo("pairs");
        assertThat(report.at("/learned/keptSteps").asBoolean()).isFalse();
        assertThat(report.at("/training/steps").asInt()).isZero();
        assertThat(Files.readString(output.resolve("report.html")))
                .contains("the layers learned pairs of them")
                .doesNotContain("Each dot is one step");
        assertThat(PeftAdapters.load(output).weights().values())
                .anySatisfy(weights ->
                        assertThat(weights.loraB().norm2Number().doubleValue()).isPositive());

        Path withSteps = temp.resolve("pairs-and-steps");
        assertThat(Cli.good(Cli.words(command, withSteps, "--epochs", 2)).out())
                .contains("from which the training went on.");
        assertThat(report(withSteps).at("/training/epochs").asInt()).isEqualTo(2);
    }

    /** 28 texts of 36 are few; all 36 are not, but are learned in the same way. */
    @Test
    void allTextsAreLearnedAsPairsToo() throws IOException {
        Path texts = SmallTexts.csv(temp.resolve("no-longer-few.csv"), 36, 4);
        Path output = temp.resolve("all-as-pairs");
        Cli.good("classify", "--model", model, "--data", texts, "--output", output);
        JsonNode report = report(output);
        assertThat(report.at("/learned/start").asText()).isEqualTo("pairs");
        assertThat(report.at("/learned/written").asInt()).isEqualTo(36);
        assertThat(PeftAdapters.load(output).weights().values())
                .anySatisfy(weights ->
                        assertThat(weights.loraB().norm2Number().doubleValue()).isPositive());
    }

    /** Steps that are much too large make nothing better, so the adapter is the classifier on the frozen model alone. */
    @Test
    void stepsThatMakeItWorseAreLeftOut() throws IOException {
        Path output = temp.resolve("too-large");
        Cli cli = Cli.good(withoutRate(output, "--rate", 3, "--clip", 0));
        assertThat(cli.out()).contains("The classifier is softmax regression on the frozen model: the steps did not");
        assertThat(report(output).at("/learned/keptSteps").asBoolean()).isFalse();
        LoRAAdapter written = PeftAdapters.load(output);
        assertThat(written.weights().values())
                .allSatisfy(weights ->
                        assertThat(weights.loraB().norm2Number().doubleValue()).isZero());
        assertThat(written.savedModules()).hasSize(1);
    }

    @Test
    void aStartIsForANewAdapter() {
        assertThat(Cli.run(training(temp.resolve("none"), "--adapter", temp, "--start", "probe"))
                        .err())
                .contains("--start must be used without --adapter, which has its own classifier, found both");
    }

    @Test
    void theHistoryIsAFileOfItsOwn() throws IOException {
        Path output = temp.resolve("history");
        JsonNode report = Cli.good(training(output, "--json")).json();
        List<String> lines = Files.readAllLines(output.resolve("history.csv"));
        int steps = report.at("/training/steps").asInt();
        assertThat(lines).hasSize(steps + 1).first().isEqualTo("step,loss,validation");
        assertThat(lines.get(1))
                .isEqualTo("1," + report.at("/training/losses/0").asText() + ",");
        assertThat(lines.get(steps))
                .isEqualTo(steps + ","
                        + report.at("/training/losses/" + (steps - 1)).asText() + ","
                        + report.at("/training/validations/" + steps).asText());
    }

    @Tag("slow")
    @Test
    void theSplitFollowsTheGroupsAndAFileOfItsOwn() throws IOException {
        JsonNode grouped = Cli.good(
                        training(temp.resolve("grouped"), "--group", "group", "--validation", 0.3, "--json"))
                .json();
        // Groups have four texts each.
        assertThat(grouped.at("/metrics/texts").asInt() % 4).isZero();
        Path held = SmallTexts.csv(temp.resolve("held.csv"), 20, 3);
        JsonNode separate = Cli.good(
                        training(temp.resolve("separate"), "--validation-file", held, "--json", "--dora", "--rslora"))
                .json();
        assertThat(separate.at("/metrics/texts").asInt()).isEqualTo(20);
        assertThat(Cli.good("inspect", temp.resolve("separate")).out()).contains(", DoRA, rsLoRA");
    }

    @Test
    void withoutAValidationNothingIsMeasured() throws IOException {
        Path output = temp.resolve("unmeasured");
        JsonNode report = Cli.good(training(output, "--validation", 0, "--json", "--schedule", "constant"))
                .json();
        assertThat(report.at("/metrics").isNull()).isTrue();
        assertThat(report.at("/training/validations")).isEmpty();
        assertThat(Files.readString(output.resolve("report.html"))).contains("nothing was measured");
        assertThat(Files.readString(output.resolve("README.md"))).contains("Nothing was measured.");
    }

    @Test
    void theCardHasACommandThatAShellTakesAndNoPathOfTheUserAsBase() throws IOException {
        Path spaced = SmallModels.bert(temp.resolve("it's a bert"), 1);
        Path body = Files.writeString(
                temp.resolve("body.csv"), Files.readString(data).replace("text,label,group", "the body,label,group"));
        Path output = temp.resolve("carded");
        Cli.good(on(spaced, body, output, "--text", "the body", "--no-baseline"));
        assertThat(Files.readString(output.resolve("README.md")))
                .contains("lora predict --model '" + temp + "/it'\\''s a bert' --adapter " + output
                        + " --data texts.csv --text 'the body' --output predicted.csv")
                .contains("base_model: \"it's a bert\"\n");
        assertThat(new ObjectMapper()
                        .readTree(output.resolve("adapter_config.json").toFile())
                        .at("/base_model_name_or_path")
                        .asText())
                .isEqualTo("it's a bert");
    }

    @Test
    void balancedWeightsTrainAnotherAdapter() throws IOException {
        Path rare = temp.resolve("rare.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"body\": \"the cat %s\", \"kind\": %s}\n"
                    .formatted(i % 2 == 0 ? "purrs" : "on sea", i % 10 == 0 ? 1 : 0));
        }
        Files.writeString(rare, lines);
        List<byte[]> adapters = new ArrayList<>();
        for (String weights : List.of("none", "balanced")) {
            Path output = temp.resolve("weights-" + weights);
            Cli.good(
                    "classify",
                    "--model",
                    model,
                    "--data",
                    rare,
                    "--output",
                    output,
                    "--text",
                    "body",
                    "--label",
                    "kind",
                    "--class-weights",
                    weights,
                    "--epochs",
                    1,
                    "--max-tokens",
                    8);
            adapters.add(Files.readAllBytes(output.resolve("adapter_model.safetensors")));
        }
        assertThat(adapters.get(0)).isNotEqualTo(adapters.get(1));
    }

    @Test
    @Tag("slow")
    void anEncoderInFewerBitsIsTrainedTestedAndUsed() throws IOException {
        Path large = SmallModels.bert(temp.resolve("large"), 2, 3200);
        Path output = temp.resolve("in-int8");
        Cli.good(on(large, data, output, "--rate", 0.01, "--storage", "int8"));
        assertThat(report(output).at("/settings/storage").asText()).isEqualTo("int8");
        Path floats = temp.resolve("in-float");
        Cli.good(on(large, data, floats, "--rate", 0.01));
        assertThat(Files.readAllBytes(floats.resolve("adapter_model.safetensors")))
                .isNotEqualTo(Files.readAllBytes(output.resolve("adapter_model.safetensors")));

        List<String> vectors = new ArrayList<>();
        for (String storage : List.of("float", "bf16", "int8", "int8-dynamic")) {
            Object[] source = {"--model", large, "--adapter", output, "--data", data, "--storage", storage};
            Cli.good(Cli.words(new Object[] {"evaluate"}, source));
            Cli.good(Cli.words(new Object[] {"predict", "--output", temp.resolve(storage + "-classes.jsonl")}, source));
            Path embedded = temp.resolve(storage + "-vectors.jsonl");
            Cli.good("embed", "--model", large, "--data", data, "--storage", storage, "--output", embedded);
            vectors.add(Files.readString(embedded));
        }
        // Without a processor that is faster with inputs of 8 bits, the last two are equal.
        assertThat(vectors.subList(0, 3)).doesNotHaveDuplicates();
        assertThat(vectors.get(3)).isNotIn(vectors.subList(0, 2));
    }
}
