package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.chat.Preference;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TextFiles;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;

/** Training on pairs of answers, on a small random Llama whose tokens are bytes. */
@Tag("slow")
class DpoCommandTest {
    @TempDir
    private static Path temp;

    private static Path model;
    private static Path pairs;
    private static Path unseen;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        pairs = Files.writeString(temp.resolve("pairs.jsonl"), lines(1, 40));
        unseen = Files.writeString(temp.resolve("unseen.jsonl"), lines(2, 30));
    }

    private static String word(SplittableRandom random) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < 2 + random.nextInt(5); i++) {
            word.append((char) ('a' + random.nextInt(26)));
        }
        return word.toString();
    }

    /** The chosen answer says yes, the rejected one no; each goes on with another word. */
    private static String lines(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"prompt\": \"%s?\", \"chosen\": \"yes %s\", \"rejected\": \"no %s\"}\n"
                    .formatted(word(random), word(random), word(random)));
        }
        return lines.toString();
    }

    private static Object[] training(Path data, Path output, Object... more) {
        return Cli.words(
                new Object[] {"dpo", "--model", model, "--data", data, "--output", output, "--rate", 0.005}, more);
    }

    private static JsonNode report(Path output) throws IOException {
        return new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    private static PreferenceLoss.Metrics metrics(JsonNode node) {
        return new PreferenceLoss.Metrics(
                node.at("/pairs").asLong(),
                node.at("/loss").asDouble(),
                node.at("/accuracy").asDouble(),
                node.at("/margin").asDouble(),
                node.at("/chosenReward").asDouble(),
                node.at("/rejectedReward").asDouble());
    }

    /** Measures an adapter with the library alone. */
    private static PreferenceLoss.Metrics measure(Path adapter, Path data, PreferenceLoss loss) throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(model)) {
            LoRAModel adapted = LoRAModel.of(decoder.network());
            AdapterView view = adapted.load("a", adapter);
            PreferenceLoss.AnswerLogProbabilities reference = new PreferenceLoss.AnswerLogProbabilities(adapted.base());
            DecoderTokens tokens = decoder.tokens();
            List<PreferenceExample> examples = TextFiles.jsonl(data).stream()
                    .map(Preference::of)
                    .map(tokens::preference)
                    .toList();
            Batch batch = PreferenceExample.batch(examples, reference);
            return loss.evaluate(view, List.of(batch));
        }
    }

    private static void assertClose(PreferenceLoss.Metrics found, PreferenceLoss.Metrics expected) {
        assertThat(found.pairs()).isEqualTo(expected.pairs());
        assertThat(found.accuracy()).isEqualTo(expected.accuracy());
        assertThat(found.loss()).isCloseTo(expected.loss(), within(1e-4));
        assertThat(found.margin()).isCloseTo(expected.margin(), within(1e-3));
        assertThat(found.chosenReward()).isCloseTo(expected.chosenReward(), within(1e-3));
        assertThat(found.rejectedReward()).isCloseTo(expected.rejectedReward(), within(1e-3));
    }

    @Test
    void theChosenAnswersAreThenPreferredOnUnseenPairs() throws IOException {
        Path output = temp.resolve("polite");
        Cli cli = Cli.good(training(pairs, output, "--validation-file", unseen, "--epochs", 4));
        assertThat(cli.out())
                .contains("40 pairs for training and 30 for the validation; 4 epochs")
                .containsPattern("training, 40 pairs: loss [0-9.]+, accuracy 100.00 %, margin [0-9.]+, reward ")
                .contains("adapter against chance: +", "adapter against the ", "measured on 30 validation pairs")
                .containsPattern("held out, 30 pairs: loss [0-9.]+, accuracy [0-9.]+ %, margin [0-9.]+, reward ");
        JsonNode report = report(output);
        PreferenceLoss.Metrics held = metrics(report.at("/heldPairs"));
        assertThat(held.accuracy()).isGreaterThan(0.95);
        assertThat(held.loss()).isLessThan(0.3);
        assertThat(held.chosenReward()).isGreaterThan(held.rejectedReward() + 1);
        assertThat(held.margin()).isCloseTo(held.chosenReward() - held.rejectedReward(), within(1e-9));
        assertThat(report.at("/training/losses/0").asDouble()).isCloseTo(Math.log(2), within(1e-5));
        assertThat(report.at("/settings/kind").asText()).isEqualTo("dpo");
        assertThat(report.at("/settings/reference").asText()).isEqualTo("base");
        assertClose(held, measure(output, unseen, PreferenceLoss.of(0.1)));
        assertClose(metrics(report.at("/trainingPairs")), measure(output, pairs, PreferenceLoss.of(0.1)));
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("{{")
                .contains("Results on 30 validation pairs", "also chose the epoch", "Reward, chosen");
        assertThat(Files.readString(output.resolve("README.md"))).contains("accuracy on 30 validation pairs");
        Cli.good("generate", "--model", model, "--adapter", output, "--prompt", "abc?", "--max-new-tokens", 3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"messages", "conversations"})
    void allFormsOfAFileGiveTheSameAdapter(String form) throws IOException {
        String user = "{\"role\": \"user\", \"content\": $1}";
        String chosen = "{\"role\": \"assistant\", \"content\": $2}";
        String rejected = "{\"role\": \"assistant\", \"content\": $3}";
        Path other = Files.writeString(
                temp.resolve(form + ".jsonl"),
                Files.readString(pairs)
                        .replaceAll(
                                "\\{\"prompt\": (\".*\"), \"chosen\": (\".*\"), \"rejected\": (\".*\")}",
                                form.equals("messages")
                                        ? "{\"prompt\": [%s], \"chosen\": [%s], \"rejected\": [%s]}"
                                                .formatted(user, chosen, rejected)
                                        : "{\"chosen\": [%s, %s], \"rejected\": [%s, %s]}"
                                                .formatted(user, chosen, user, rejected)));
        Path texts = temp.resolve("texts-for-" + form);
        Path output = temp.resolve("by-" + form);
        Object[] settings = {"--validation", 0, "--epochs", 1, "--normalize-length", "--beta", 5};
        Cli.good(training(pairs, texts, settings));
        Cli.good(training(other, output, settings));
        assertThat(output.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(texts.resolve("adapter_model.safetensors"));
        PreferenceLoss.Metrics found = metrics(report(output).at("/trainingPairs"));
        assertClose(found, measure(output, pairs, new PreferenceLoss(5, 0, true)));
        assertThat(report(output).at("/heldPairs").isNull()).isTrue();
    }

    @Test
    void theReferenceIsTheBaseOrTheAdapterAtTheStart() throws IOException {
        Path first = temp.resolve("first");
        Cli.good(training(pairs, first, "--validation", 0, "--epochs", 1));
        for (String reference : List.of("base", "start")) {
            Path output = temp.resolve("from-" + reference);
            Cli.good(Cli.words(
                    new Object[] {"dpo", "--model", model, "--data", pairs, "--output", output, "--adapter", first},
                    "--validation",
                    0,
                    "--epochs",
                    1,
                    "--rate",
                    1e-30,
                    "--label-smoothing",
                    0.1,
                    "--reference",
                    reference));
            assertThat(PeftAdapters.load(output).weights())
                    .isEqualTo(PeftAdapters.load(first).weights());
            PreferenceLoss.Metrics found = metrics(report(output).at("/trainingPairs"));
            assertThat(report(output).at("/settings/reference").asText()).isEqualTo(reference);
            if (reference.equals("base")) {
                assertClose(found, measure(first, pairs, new PreferenceLoss(0.1, 0.1, false)));
                assertThat(found.margin()).isGreaterThan(0.1);
            } else {
                assertThat(found.margin()).isCloseTo(0, within(1e-5));
                assertThat(found.loss()).isCloseTo(Math.log(2), within(1e-5));
            }
        }
    }

    @Test
    void aResumedTrainingWritesTheBytesOfOneThatWasNotInterrupted() throws IOException {
        Path first = temp.resolve("before-resume");
        Cli.good(training(pairs, first, "--validation", 0, "--epochs", 1));
        Object[] settings = {
            "--adapter", first, "--reference", "start", "--accumulate", 2, "--epochs", 3, "--validation", 0.2
        };
        Path whole = temp.resolve("whole");
        Cli.good(training(pairs, whole, settings));
        Path interrupted = temp.resolve("interrupted");
        Path blocked = Files.createDirectories(interrupted.resolve("adapter_model.safetensors"));
        Cli failed = Cli.run(training(pairs, interrupted, Cli.words(settings, "--checkpoint-every", 3)));
        assertThat(failed.code()).isEqualTo(1);
        Files.delete(blocked);
        assertThat(Cli.run(training(pairs, interrupted, Cli.words(settings, "--resume", "--beta", 0.2)))
                        .err())
                .contains("beta 0.2 in place of 0.1");
        Path kept = temp.resolve("kept.safetensors");
        Path weights = first.resolve("adapter_model.safetensors");
        Files.copy(weights, kept);
        Files.copy(whole.resolve("adapter_model.safetensors"), weights, StandardCopyOption.REPLACE_EXISTING);
        assertThat(Cli.run(training(pairs, interrupted, Cli.words(settings, "--resume")))
                        .err())
                .contains("referenceAdapter ", " in place of ");
        Files.copy(kept, weights, StandardCopyOption.REPLACE_EXISTING);
        Cli.good(training(pairs, interrupted, Cli.words(settings, "--resume")));
        assertThat(interrupted.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("adapter_model.safetensors"));
        for (String place : List.of("/training/losses", "/training/validations", "/trainingPairs", "/heldPairs")) {
            assertThat(report(interrupted).at(place)).isEqualTo(report(whole).at(place));
        }
    }

    @Test
    void aBaseInFewerBitsIsTrained() throws IOException {
        Path large = SmallModels.llama(temp.resolve("large"), 3, 3200);
        Path few = Files.writeString(temp.resolve("few.jsonl"), lines(5, 6));
        for (String storage : List.of("bf16", "int8", "int4")) {
            Path output = temp.resolve("in-" + storage);
            Object[] train = {
                "dpo",
                "--model",
                large,
                "--data",
                few,
                "--validation",
                0,
                "--epochs",
                4,
                "--rate",
                0.005,
                "--dora",
                "--dropout",
                0.1,
                "--batch",
                2,
                "--storage",
                storage
            };
            Cli.good(Cli.words(train, "--output", output));
            PreferenceLoss.Metrics found = metrics(report(output).at("/trainingPairs"));
            assertThat(report(output).at("/training/losses/0").asDouble()).isCloseTo(Math.log(2), within(1e-4));
            assertThat(found.accuracy()).as(storage).isEqualTo(1);
            assertThat(found.loss()).isLessThan(0.6);
            Path again = temp.resolve("recomputed-" + storage);
            Cli.good(Cli.words(train, "--output", again, "--recompute"));
            assertThat(again.resolve("adapter_model.safetensors"))
                    .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));
        }
    }

    @Test
    void aModelWithoutAChatTemplateTakesTexts() throws IOException {
        Path plain = SmallModels.llama(temp.resolve("plain"), 1);
        Files.delete(plain.resolve("tokenizer_config.json"));
        Path output = temp.resolve("plain-polite");
        Object[] train = {"dpo", "--model", plain, "--rate", 0.005, "--validation-file", unseen};
        Cli.good(Cli.words(train, "--data", pairs, "--output", output));
        assertThat(metrics(report(output).at("/heldPairs")).accuracy()).isGreaterThan(0.9);
        Path messages = Files.writeString(
                temp.resolve("only-messages.jsonl"),
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}], \"chosen\": \"b\", \"rejected\": \"c\"}\n");
        assertThat(Cli.run(Cli.words(train, "--data", messages, "--output", temp.resolve("none")))
                        .err())
                .contains(messages + ":1: prompt must be a text, found ");
    }

    @Test
    void aDryRunAndASearchForTheRateWriteNothing() {
        Path output = temp.resolve("nothing");
        assertThat(Cli.good(training(pairs, output, "--dry-run")).out()).contains("Nothing was written.");
        assertThat(Cli.good(training(pairs, output, "--find-rate")).out()).contains("Nothing was written.");
        assertThat(output).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'prompt': 'a', 'chosen': 'b', 'rejected': 'b'} | chosen and rejected must differ, found the same answer twice",
                "{'prompt': 'a', 'chosen': '', 'rejected': 'b'} | chosen must have a character that is neither white space",
                "{'prompt': 'a', 'completion': 'b'} | must have chosen and rejected, and mostly prompt, or input, preferred_output and non_preferred_output, found [prompt, completion]",
                "{'chosen': [{'role': 'user', 'content': 'a'}], 'rejected': [{'role': 'user', 'content': 'b'}]}"
                        + " | chosen and rejected must begin with the same messages, the prompt",
                "{'prompt': 'a', 'chosen': 'b', 'rejected': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}"
                        + " | the prompt with the answer rejected must have at most 60 tokens, found ",
                "{broken | ",
            })
    void aWrongLineIsNamedAndCanBeLeftOut(String line, String message) throws IOException {
        Path data = Files.writeString(
                temp.resolve("wrong.jsonl"), lines(7, 4) + line.strip().replace('\'', '"') + "\n");
        Object[] train = training(
                data, temp.resolve("refused"), "--validation", 0, "--max-tokens", 60, "--epochs", 1, "--overwrite");
        Cli refused = Cli.run(train);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.errLines())
                .singleElement()
                .asString()
                .startsWith("error: " + data + ":5: ")
                .contains(message == null ? "" : message);
        Cli skipped = Cli.good(Cli.words(train, "--skip-bad-lines"));
        assertThat(skipped.out()).contains("1 line was left out; the first: " + data + ":5: ", "training, 4 pairs: ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--beta 0; --beta must be finite and positive, found 0.0; 2",
                "--label-smoothing 0.5; --label-smoothing must be at least 0 and less than 0.5, found 0.5; 2",
                "--label-smoothing NaN; --label-smoothing must be at least 0 and less than 0.5, found NaN; 2",
                "--max-tokens 1; --max-tokens must be at least 2, found 1; 2",
                "--max-tokens 500; must be at most the 192 positions of the model, found 500; 1",
                "--reference start; --reference start must be used with --adapter, found none; 2",
                "--reference first; expected one of [BASE, START]; 2",
                "--text body; Unknown option; 2",
            })
    void wrongUse(String options, String message, int code) {
        Cli cli = Cli.run(Cli.words(
                Cli.words(new Object[] {"dpo"}, (Object[]) options.split(" ")),
                "--model",
                model,
                "--data",
                pairs,
                "--output",
                temp.resolve("wrong")));
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(code);
    }

    @Test
    void theHelpNamesTheFormsAndTheOptions() {
        assertThat(Cli.good("dpo", "--help").out())
                .contains(
                        "--beta", "--label-smoothing", "--normalize-length", "--reference", "--recompute", "'chosen'");
        assertThat(Cli.good("--help").out()).containsPattern("(?m)^ +dpo ");
    }
}
