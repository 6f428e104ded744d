package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.example.mnist.data.TestData;
import org.nd4j.evaluation.classification.Evaluation;

@Tag("slow")
class RunCommandTest {
    private static final List<String> LAYERS = List.of("linear1", "linear2", "linear3");

    @TempDir
    private static Path temp;

    private static Path data;
    private static Path output;
    private static Cli cli;
    private static JsonNode report;

    @BeforeAll
    static void runOnce() throws IOException {
        data = TestData.write(temp.resolve("data"), 400, 150);
        output = temp.resolve("deep/output");
        cli = Cli.shortRun(data, output, "--seed", 5, "--rank", 2, "--alpha", 3, "--digit", 4, "--replay", 0.2);
        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();
        report = Reference.json(output.resolve("report.json"));
    }

    @Test
    void reportsItsSettings() {
        JsonNode settings = report.get("settings");
        assertThat(report.get("seed").asInt()).isEqualTo(5);
        assertThat(settings.get("data").asText()).isEqualTo(data.toString());
        assertThat(settings.get("digit").asInt()).isEqualTo(4);
        assertThat(settings.get("rank").asInt()).isEqualTo(2);
        assertThat(settings.get("alpha").asDouble()).isEqualTo(3);
        assertThat(settings.get("replay").asDouble()).isEqualTo(0.2);
        assertThat(settings.get("lr").asDouble()).isEqualTo(0.001);
        assertThat(settings.get("fineTuneLr").asDouble()).isEqualTo(0.001);
        assertThat(settings.get("init").asText()).isEqualTo("gaussian");
        assertThat(settings.get("maxBatches").asInt()).isEqualTo(30);
        assertThat(settings.get("base").isNull()).isTrue();
    }

    @Test
    void reportsTheParametersOfTheNetworkAndOfLoRA() {
        JsonNode parameters = report.get("parameters");
        long lora = 2 * (784 + 1000 + 1000 + 2000 + 2000 + 10);
        assertThat(parameters.get("original").asLong()).isEqualTo(2_807_010);
        assertThat(parameters.get("lora").asLong()).isEqualTo(lora);
        assertThat(parameters.get("total").asLong()).isEqualTo(2_807_010 + lora);
        assertThat(parameters.get("incrementPercent").asDouble()).isCloseTo(100.0 * lora / 2_807_010, within(1e-9));
        JsonNode layer = parameters.get("layers").get(1);
        assertThat(layer.get("name").asText()).isEqualTo("linear2");
        assertThat(Reference.integers(layer.get("weight"))).containsExactly(2000, 1000);
        assertThat(Reference.integers(layer.get("bias"))).containsExactly(2000);
        assertThat(Reference.integers(layer.get("loraA"))).containsExactly(2, 1000);
        assertThat(Reference.integers(layer.get("loraB"))).containsExactly(2000, 2);
    }

    @Test
    void reportsNoFurtherResults() {
        assertThat(report.has("results")).isFalse();
        assertThat(report.get("settings").has("digits")).isFalse();
    }

    @Test
    void reportsBothTrainings() {
        for (String phase : List.of("base", "fineTune")) {
            JsonNode training = report.get("training").get(phase);
            assertThat(training.get("iterations").asInt()).isEqualTo(phase.equals("base") ? 30 : 10);
            assertThat(training.get("seconds").asDouble()).isPositive();
            assertThat(training.get("finalLoss").asDouble()).isBetween(0.0, 10.0);
        }
    }

    @Test
    void reportsTheBaseAsItsFileTests() throws IOException {
        assertReports("base", Reference.test(Reference.network(base(output)), data));
        assertThat(report.get("base").get("accuracy").asDouble()).isGreaterThan(0.3);
    }

    @Test
    void reportsTheMergedNetworkAsBaseAndAdapterFileTest() throws IOException {
        Evaluation expected = Reference.test(Reference.merged(base(output), adapter(output, 4), 3.0 / 2), data);
        assertReports("loraMerged", expected);
        assertReports("loraEnabled", expected);
        assertThat(report.get("loraEnabled")).isNotEqualTo(report.get("base"));
    }

    @Test
    void reportsTheBaseAgainWithLoRAOff() {
        assertThat(report.get("loraDisabled")).isEqualTo(report.get("base"));
    }

    private static void assertReports(String key, Evaluation expected) {
        JsonNode result = report.get(key);
        assertThat(result.get("accuracy").asDouble()).isCloseTo(expected.accuracy(), within(1e-12));
        assertThat(Reference.integers(result.get("wrong"))).isEqualTo(Reference.wrong(expected));
        assertThat(Reference.matrix(result.get("confusion"))).isEqualTo(Reference.confusion(expected));
    }

    @Test
    void checksEveryFrozenParameterAndEveryLayer() {
        List<String> frozen = LAYERS.stream()
                .flatMap(layer -> Stream.of(layer + ".weight", layer + ".bias"))
                .toList();
        assertAllTrue("frozenUnchanged", frozen);
        assertAllTrue("effectiveWeightExact", LAYERS);
        assertAllTrue("disabledEqualsOriginal", LAYERS);
    }

    private static void assertAllTrue(String check, List<String> keys) {
        assertThat(report.get(check).fieldNames()).toIterable().containsExactlyElementsOf(keys);
        assertThat(report.get(check)).allMatch(JsonNode::booleanValue);
    }

    @Test
    void listsTheFilesThatItWroteAndNoMore() throws IOException {
        List<String> listed = new ArrayList<>();
        report.get("files").forEach(file -> listed.add(file.asText()));
        try (Stream<Path> files = Files.walk(output)) {
            // The folder of an adapter also has the empty file that writers lock.
            assertThat(files.filter(Files::isRegularFile)
                            .filter(file -> !file.endsWith(".lora4j.lock"))
                            .map(file -> output.relativize(file).toString().replace('\\', '/')))
                    .containsExactlyInAnyOrderElementsOf(listed);
        }
        assertThat(report.get("files").get("base").asText()).isEqualTo("base.safetensors");
        assertThat(report.get("files").get("adapter").asText()).isEqualTo("adapters/digit-4/adapter_model.safetensors");
        assertThat(report.get("files").get("adapterConfig").asText()).isEqualTo("adapters/digit-4/adapter_config.json");
        assertThat(listed).contains("report.json", "report.html");
    }

    @Test
    void printsEachStepAsPlainText() {
        assertThat(cli.out())
                .contains("2,807,010", "13,588", "2,820,598", "0.484 %")
                .contains("digit 4 with 20 % of others")
                .contains("frozen:    linear1.weight, linear1.bias")
                .contains("trainable: linear1.lora_A.weight, linear1.lora_B.weight")
                .contains("yes, 6 of 6", "yes, 3 of 3")
                .contains("LoRA on", "LoRA off", "LoRA merged", "report.html")
                .doesNotContain("\u001b")
                .doesNotContain("NO:");
        assertThat(cli.out().chars()).allMatch(c -> c < 128);
    }

    @Test
    void theSameSeedGivesTheSameFilesAndAnotherOneDoesNot() throws IOException {
        Path same = temp.resolve("same");
        Path other = temp.resolve("other");
        assertThat(Cli.shortRun(data, same, "--seed", 7, "--init", "kaiming").code())
                .isZero();
        Path again = temp.resolve("again");
        assertThat(Cli.run(
                                "run",
                                "--data",
                                data,
                                "--output",
                                again,
                                "--max-batches",
                                30,
                                "--fine-tune-batches",
                                10,
                                "--seed",
                                7,
                                "--init",
                                "KAIMING",
                                "--no-progress")
                        .code())
                .isZero();
        assertThat(Cli.shortRun(data, other, "--seed", 8, "--init", "kaiming").code())
                .isZero();
        assertThat(base(again)).hasSameBinaryContentAs(base(same));
        assertThat(adapter(again, 9)).hasSameBinaryContentAs(adapter(same, 9));
        assertThat(Files.mismatch(base(other), base(same))).isNotNegative();
        assertThat(Files.mismatch(adapter(other, 9), adapter(same, 9))).isNotNegative();
    }

    @Test
    void takesTheBaseFromAFile() throws IOException {
        Path from = temp.resolve("from-file");
        Cli run = Cli.shortRun(data, from, "--base", base(output), "--seed", 1);
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("the base is loaded from a file");
        JsonNode loaded = Reference.json(from.resolve("report.json"));
        assertThat(loaded.get("base")).isEqualTo(report.get("base"));
        assertThat(loaded.get("training").get("base").isNull()).isTrue();
        assertThat(loaded.get("settings").get("base").asText())
                .isEqualTo(base(output).toString());
        assertThat(base(from)).hasSameBinaryContentAs(base(output));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64})
    void theChecksHoldForAnyRank(int rank) throws IOException {
        Path ranked = temp.resolve("rank" + rank);
        assertThat(Cli.shortRun(data, ranked, "--base", base(output), "--rank", rank, "--alpha", 0.7)
                        .code())
                .isZero();
    }

    private static Path base(Path folder) {
        return folder.resolve("base.safetensors");
    }

    private static Path adapter(Path folder, int digit) {
        return folder.resolve("adapters/digit-" + digit + "/adapter_model.safetensors");
    }
}
