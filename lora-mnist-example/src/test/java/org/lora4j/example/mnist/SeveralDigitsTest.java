package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.example.mnist.experiment.RichBoyNet;
import org.lora4j.io.peft.PeftAdapters;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.LoggerFactory;

/** {@code run --digits}, and {@code evaluate --adapter} with its adapters. */
@Tag("slow")
class SeveralDigitsTest {
    @TempDir
    private static Path temp;

    private static Path data;
    private static Path output;
    private static Path base;
    private static Cli cli;
    private static JsonNode report;

    @BeforeAll
    static void runOnce() throws IOException {
        data = TestData.write(temp.resolve("data"), 400, 150);
        output = temp.resolve("output");
        base = output.resolve("base.safetensors");
        cli = Cli.shortRun(
                data, output, "--seed", 5, "--rank", 2, "--alpha", 3, "--digits", "4,9", "--fine-tune-lr", 0.005);
        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();
        report = Reference.json(output.resolve("report.json"));
    }

    private static Path adapter(int digit) {
        return output.resolve("adapters/digit-" + digit);
    }

    @Test
    void reportsEachAdapterAloneAllTogetherCombinedAndPerRow() {
        JsonNode results = report.get("results");
        assertThat(results.fieldNames())
                .toIterable()
                .containsExactly("digit-4 alone", "digit-9 alone", "both active", "cat", "adapter per row");
        assertThat(results.get("digit-4 alone")).isNotEqualTo(results.get("digit-9 alone"));
        assertThat(results.get("both active")).isEqualTo(report.get("loraEnabled"));
        assertThat(results.get("both active")).isEqualTo(report.get("loraMerged"));
        assertThat(results.get("both active").get("accuracy").asDouble())
                .isCloseTo(results.get("cat").get("accuracy").asDouble(), within(0.01));
        assertThat(report.get("loraDisabled")).isEqualTo(report.get("base"));
    }

    @Test
    void predictsEachRowWithTheAdapterOfItsDigitOrTheBase() throws IOException {
        JsonNode perRow = report.get("results").get("adapter per row");
        for (int digit = 0; digit < 10; digit++) {
            JsonNode expected = switch (digit) {
                case 4, 9 -> report.get("results").get("digit-" + digit + " alone");
                default -> report.get("base");
            };
            assertThat(perRow.get("confusion").get(digit))
                    .isEqualTo(expected.get("confusion").get(digit));
        }
        int[] images = Mnist.load(data).test().countPerLabel();
        assertThat(cli.out())
                .contains(
                        "adapter per row: " + images[4] + " rows by digit-4",
                        "adapter per row: " + images[9] + " rows by digit-9",
                        "adapter per row: " + (150 - images[4] - images[9]) + " rows by the base",
                        "adapter per row: 150 of 150 predictions equal those of the row's adapter alone");
    }

    @Test
    void reportsDigitsTrainingsAndChecks() {
        assertThat(Reference.integers(report.get("settings").get("digits"))).containsExactly(4, 9);
        assertThat(report.get("settings").has("digit")).isFalse();
        assertThat(report.get("training").get("fineTune").get("iterations").asInt())
                .isEqualTo(20);
        for (String check : List.of("frozenUnchanged", "effectiveWeightExact", "disabledEqualsOriginal")) {
            assertThat(report.get(check)).isNotEmpty().allMatch(JsonNode::booleanValue);
        }
    }

    @Test
    void listsEveryFileThatItWrote() throws IOException {
        List<String> listed = new ArrayList<>();
        report.get("files").forEach(file -> listed.add(file.asText()));
        try (Stream<Path> files = Files.walk(output)) {
            // The folder of an adapter also has the empty file that writers lock.
            assertThat(files.filter(Files::isRegularFile)
                            .filter(file -> !file.endsWith(".lora4j.lock"))
                            .map(file -> output.relativize(file).toString().replace('\\', '/')))
                    .containsExactlyInAnyOrderElementsOf(listed);
        }
        assertThat(output.resolve("report.html")).content().contains("digits 4 and 9", "adapter per row", "digit-4");
    }

    @Test
    void theAdapterOfADigitIsTheOneThatTheDigitAloneGives() throws IOException {
        Path alone = temp.resolve("alone");
        Cli.shortRun(
                data,
                alone,
                "--base",
                base,
                "--seed",
                5,
                "--rank",
                2,
                "--alpha",
                3,
                "--digit",
                9,
                "--fine-tune-lr",
                0.005);
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertThat(alone.resolve("adapters/digit-9").resolve(file))
                    .hasSameBinaryContentAs(adapter(9).resolve(file));
        }
    }

    @Test
    void storesAdaptersThatCanBeLoadedAsASet() throws IOException {
        Map<String, LoRAAdapter> adapters = PeftAdapters.loadAll(output.resolve("adapters"));
        assertThat(adapters).containsOnlyKeys("digit-4", "digit-9");
        assertThat(adapters.values()).allSatisfy(adapter -> {
            assertThat(adapter.config().rank()).isEqualTo(2);
            assertThat(adapter.config().alpha()).isEqualTo(3);
            assertThat(adapter.weights()).containsOnlyKeys("linear1", "linear2", "linear3");
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void evaluatesAStoredAdapterAsTheReportSays(boolean merge) throws IOException {
        List<Object> options =
                new ArrayList<>(List.of("evaluate", "--base", base, "--adapter", adapter(4), "--data", data, "--json"));
        if (merge) {
            options.add("--merge");
        }
        Cli evaluation = Cli.run(options.toArray());
        assertThat(evaluation.err()).isEmpty();
        assertThat(evaluation.code()).isZero();
        JsonNode json = Reference.json(evaluation.out());
        JsonNode alone = report.get("results").get("digit-4 alone");
        assertThat(json.fieldNames()).toIterable().containsExactly("accuracy", "wrong");
        assertThat(json.get("wrong")).isEqualTo(alone.get("wrong"));
        assertThat(json.get("accuracy")).isEqualTo(alone.get("accuracy"));
    }

    @Test
    void evaluatesOnAnotherBaseWithAWarning() throws IOException {
        Path other = temp.resolve("other.safetensors");
        RichBoyNet.build(3).save(other);
        ListAppender<ILoggingEvent> warnings = new ListAppender<>();
        warnings.start();
        Logger logger = (Logger) LoggerFactory.getLogger("org.lora4j.io");
        logger.addAppender(warnings);
        try {
            Cli evaluation = evaluate(other, adapter(4));
            assertThat(evaluation.code()).isZero();
            assertThat(Reference.json(evaluation.out()).get("wrong")).hasSize(10);
            assertThat(evaluate(base, adapter(4)).code()).isZero();
        } finally {
            logger.detachAppender(warnings);
        }
        assertThat(warnings.list)
                .singleElement()
                .satisfies(event -> assertThat(event.getFormattedMessage()).contains("linear1"));
    }

    @Test
    void refusesFoldersThatHoldNoAdapterOfThisNetwork() throws IOException {
        assertRefused(temp.resolve("nowhere"), "nowhere");
        assertRefused(Files.createDirectories(temp.resolve("empty")), "empty");
        Path half = Files.createDirectories(temp.resolve("half"));
        Files.copy(adapter(4).resolve("adapter_config.json"), half.resolve("adapter_config.json"));
        assertRefused(half, "adapter_model.safetensors");
        byte[] tensors = Files.readAllBytes(adapter(4).resolve("adapter_model.safetensors"));
        Files.write(half.resolve("adapter_model.safetensors"), Arrays.copyOf(tensors, tensors.length / 2));
        assertRefused(half, "adapter_model.safetensors");
        Path foreign = temp.resolve("foreign");
        PeftAdapters.save(
                new LoRAAdapter(
                        LoRAConfig.of(1, 1), Map.of("encoder", new LoRAWeights(Nd4j.ones(1, 4), Nd4j.ones(4, 1)))),
                foreign);
        assertRefused(foreign, "encoder");
    }

    private static void assertRefused(Path adapter, String message) {
        Cli evaluation = evaluate(base, adapter);
        assertThat(evaluation.code()).isEqualTo(1);
        assertThat(evaluation.out()).isEmpty();
        assertThat(evaluation.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
    }

    private static Cli evaluate(Path base, Path adapter) {
        return Cli.run("evaluate", "--base", base, "--adapter", adapter, "--data", data, "--json");
    }
}
