package org.lora4j.example.mnist;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.console.report.SameBits;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The article in one file gives the numbers of {@code run}, and the page about it shows it as it is compiled. */
class MnistLoRATest {
    private static final Path SOURCE = Path.of("src/main/java/org/lora4j/example/mnist/MnistLoRA.java");
    private static final Path PAGE = Path.of("../src/site/markdown/article.md");

    @TempDir
    private static Path temp;

    private static JsonNode report;
    private static List<String> lines;
    private static Network network;

    @BeforeAll
    static void runBoth() throws IOException {
        Path data = TestData.write(temp.resolve("data"), 400, 150);
        Cli cli = Cli.shortRun(data, temp.resolve("run"));
        assertThat(cli.code()).isZero();
        report = Reference.json(temp.resolve("run/report.json"));

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        NativeThreads threads = NativeThreads.forEngine(); // as in the command
        try {
            network = MnistLoRA.run(Mnist.load(data), 30, 10, new PrintStream(out, true, StandardCharsets.UTF_8));
        } finally {
            threads.close();
        }
        lines = out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** Another number of threads rounds in another order, which the counts of a short training need not show. */
    @ParameterizedTest
    @ValueSource(strings = {"linear1", "linear2", "linear3"})
    void hasTheWeightsAndFactorsOfRunBitForBit(String path) throws IOException {
        SafeTensors base = SafeTensors.read(temp.resolve("run/base.safetensors"));
        Linear layer = network.linear(path);
        assertThat(SameBits.of(layer.weight(), base.tensor(path + ".weight"))).isTrue();
        assertThat(SameBits.of(requireNonNull(layer.bias()), base.tensor(path + ".bias")))
                .isTrue();
        Path adapter = requireNonNull(temp.resolve("run")
                .resolve(report.at("/files/adapter").asText())
                .getParent());
        LoRAWeights expected =
                requireNonNull(PeftAdapters.load(adapter).weights().get(path));
        List<Parameter> found = layer.updates().all().values().iterator().next().parameters();
        assertThat(SameBits.of(found.get(0).value(), expected.factors().a())).isTrue();
        assertThat(SameBits.of(found.get(1).value(), expected.factors().b())).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"base, base", "LoRA on, loraEnabled", "LoRA off, loraDisabled"})
    void hasTheWrongCountsAndTheAccuracyOfRun(String name, String key) {
        JsonNode expected = report.get(key);
        String numbers = line(name).substring(name.length()).strip();
        List<String> cells = Arrays.asList(numbers.split(" +"));
        assertThat(cells.subList(0, 10).stream().map(Integer::valueOf))
                .isEqualTo(Reference.integers(expected.get("wrong")));
        assertThat(cells.get(10))
                .isEqualTo(String.format(
                        Locale.ROOT, "%.2f", 100 * expected.get("accuracy").asDouble()));
    }

    @Test
    void theFineTuningChangesThePredictions() {
        assertThat(report.get("loraEnabled")).isNotEqualTo(report.get("base"));
    }

    @Test
    void hasTheParameterCountsOfRun() {
        JsonNode parameters = report.get("parameters");
        assertThat(line("original"))
                .isEqualTo(String.format(
                        Locale.ROOT,
                        "original %,d + LoRA %,d = %,d (increment %.3f %%)",
                        parameters.get("original").asLong(),
                        parameters.get("lora").asLong(),
                        parameters.get("total").asLong(),
                        parameters.get("incrementPercent").asDouble()));
        assertThat(line("linear2:")).contains("W [2000, 1000]", "lora_A [1, 1000]", "lora_B [2000, 1]");
    }

    @ParameterizedTest
    @CsvSource({"linear1", "linear2", "linear3"})
    void freezesWeightsAndBiasesAndTrainsTheFactors(String layer) {
        assertThat(line(layer + ".weight")).endsWith(" frozen");
        assertThat(line(layer + ".bias")).endsWith(" frozen");
        assertThat(line(layer + ".lora_A.weight")).endsWith(" trainable");
        assertThat(line(layer + ".lora_B.weight")).endsWith(" trainable");
    }

    private static String line(String start) {
        assertThat(lines).filteredOn(line -> line.startsWith(start)).hasSize(1);
        return lines.stream().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
    }

    @Test
    void failsAtTheSmallestDifference() {
        INDArray expected = Nd4j.createFromArray(new float[][] {{1, 2, 3}, {4, 5, 6}});
        assertThatCode(() -> MnistLoRA.requireEqual("same", expected.dup('f'), expected))
                .doesNotThrowAnyException();
        INDArray found = expected.dup();
        found.putScalar(1, 2, Math.nextUp(6f));
        assertThatIllegalStateException()
                .isThrownBy(() -> MnistLoRA.requireEqual("linear1.weight", found, expected))
                .withMessage("linear1.weight: the arrays must be equal, bit for bit");
    }

    @Test
    void isShort() throws IOException {
        assertThat(Files.readAllLines(SOURCE)).hasSizeBetween(80, 120);
    }

    @Test
    void isOnItsPageAsItIsCompiled() throws IOException {
        assertThat(Files.readString(PAGE)).containsOnlyOnce("```java\n" + Files.readString(SOURCE) + "```\n");
    }
}
