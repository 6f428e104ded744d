package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.JavaCommand;

/**
 * Large files in a process whose heap could not hold their texts: 60,000 padded rows have 84 MB as strings, beside tokens and
 * objects.
 */
@Tag("slow")
class LargeFileTest {
    private static final String HEAP = "-Xmx80m";
    private static final int PADDED_ROWS = 60_000;
    private static final int ROWS = 90_000;

    /** What a row has beside a few words that the model knows. */
    private static final String PADDING = "the cat purrs on a ship ".repeat(54);

    @TempDir
    private Path temp;

    /** Writes rows for all commands. Each tenth text has several lines. */
    private Path csv(String name, int rows, String padding) throws IOException {
        Path file = temp.resolve(name);
        try (BufferedWriter out = new BufferedWriter(new OutputStreamWriter(
                name.endsWith(".gz")
                        ? new GZIPOutputStream(Files.newOutputStream(file), 1 << 16)
                        : Files.newOutputStream(file),
                StandardCharsets.UTF_8))) {
            out.write("text,label,query,positive,negative,prompt,completion\n");
            for (int i = 0; i < rows; i++) {
                String text = (i % 2 == 0 ? "the cat purrs" : "a ship sails") + (i % 10 == 0 ? "\n" : " ") + i;
                out.write("\"" + text + " " + padding + "\"," + (i % 2) + ",the " + i + ",\"" + text + "\",sea " + i
                        + ",the " + i + "," + (i % 2) + "\n");
            }
        }
        return file;
    }

    private JsonNode run(Object... words) throws IOException, InterruptedException {
        List<String> command = JavaCommand.of(HEAP, "-XX:+UseSerialGC", "org.lora4j.cli.Lora");
        for (Object word : words) {
            command.add(String.valueOf(word));
        }
        Path log = temp.resolve("log");
        Path out = temp.resolve("out.json");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(30, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(log)).isZero();
            return new ObjectMapper().readTree(out.toFile());
        } finally {
            process.destroyForcibly();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classify", "retrieve", "rerank", "sft"})
    void stepsAreTakenFromAFileThatDoesNotFitIntoMemory(String command) throws Exception {
        boolean isDecoder = command.equals("sft");
        Path model = isDecoder ? SmallModels.llama(temp.resolve("m"), 1) : SmallModels.bert(temp.resolve("m"), 1);
        JsonNode search = run(
                command,
                "--model",
                model,
                "--data",
                csv("texts.csv", PADDED_ROWS, PADDING),
                "--output",
                temp.resolve("adapter"),
                "--find-rate",
                "--json");
        assertThat(search.at("/trials/0/loss").asDouble()).isPositive();
    }

    @Test
    void plainTextIsPackedOutsideOfMemory() throws Exception {
        JsonNode search = run(
                "clm",
                "--model",
                SmallModels.llama(temp.resolve("m"), 1),
                "--data",
                csv("texts.csv", ROWS, ""),
                "--output",
                temp.resolve("adapter"),
                "--block",
                64,
                "--find-rate",
                "--json");
        assertThat(search.at("/trials/0/loss").asDouble()).isPositive();
    }

    @Test
    @Tag("slow")
    void rowsThatDoNotFitIntoMemoryAreTrainedValidatedAndMeasured() throws Exception {
        Path output = temp.resolve("adapter");
        JsonNode report = run(
                "classify",
                "--model",
                SmallModels.bert(temp.resolve("m"), 1),
                "--data",
                csv("texts.csv.gz", 70_000, "the cat purrs on a ship"),
                "--output",
                output,
                "--max-tokens",
                6,
                "--epochs",
                1,
                "--batch",
                512,
                "--rate",
                0.01,
                "--json");
        int train = report.at("/sizes/examples").asInt();
        int validation = report.at("/sizes/validation").asInt();
        int test = report.at("/metrics/texts").asInt();
        assertThat(train + validation + test).isEqualTo(70_000);
        assertThat(validation).isEqualTo(7_000);
        assertThat(test).isEqualTo(7_000);
        assertThat(report.at("/sizes/tokens").asLong()).isEqualTo(6L * train);
        assertThat(report.at("/sizes/cut").asInt()).isEqualTo(train);
        assertThat(report.at("/metrics/accuracy").asDouble()).isGreaterThan(0.99);
        assertThat(output.resolve("adapter_model.safetensors")).exists();
    }
}
