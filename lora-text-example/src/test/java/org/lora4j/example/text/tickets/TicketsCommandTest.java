package org.lora4j.example.text.tickets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.text.TextExample;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TextWords;

/** Short runs of the story: the file to read, and the command. */
@Tag("slow")
@SuppressWarnings("try") // the variable of the threads is not read
class TicketsCommandTest {
    private static final int TRAINED = 30;
    private static final int TESTED = 12;
    private static final int STEPS = 3;

    @TempDir
    private static Path temp;

    private static Path output;
    private static JsonNode report;

    @BeforeAll
    static void runTheCommand() throws IOException {
        output = temp.resolve("tickets");
        StringWriter err = new StringWriter();
        String[] args = Stream.of(
                        "tickets",
                        "--output",
                        output,
                        "--train",
                        TRAINED,
                        "--test",
                        TESTED,
                        "--steps",
                        STEPS,
                        "--seed",
                        1,
                        "--no-progress")
                .map(String::valueOf)
                .toArray(String[]::new);
        assertThat(TextExample.execute(new PrintWriter(new StringWriter()), new PrintWriter(err), args))
                .as("%s", err)
                .isZero();
        report = new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    @Test
    void writesAReportAndFiles() throws IOException {
        assertThat(report.at("/settings/train").asInt()).isEqualTo(TRAINED);
        assertThat(report.at("/training/iterations").asInt()).isEqualTo(STEPS);
        assertThat(report.at("/sizes/adaptedLayers").asInt()).isEqualTo(36);
        assertThat(report.at("/base/outputUnchanged").asBoolean()).isTrue();
        assertThat(report.at("/base/frozenUnchanged")).hasSizeGreaterThan(90).allMatch(JsonNode::asBoolean);
        assertThat(report.at("/samples")).hasSize(5);
        assertThat(report.at("/results").findValuesAsText("f1")).isNotEmpty();
        assertThat(report.at("/results/0/name").asText()).isEqualTo("regular expressions");
        assertThat(report.at("/results/2/adapterIsBetterBy").isNull()).isTrue();
        for (int other = 0; other < 2; other++) {
            JsonNode than = report.at("/results/" + other + "/adapterIsBetterBy");
            double difference = report.at("/results/2/f1").asDouble()
                    - report.at("/results/" + other + "/f1").asDouble();
            assertThat(than.at("/difference").asDouble()).isCloseTo(difference, within(1e-12));
            assertThat(than.at("/low").asDouble()).isLessThan(difference);
            assertThat(than.at("/high").asDouble()).isGreaterThan(difference);
        }
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("${", "<#", "<@")
                .contains("regular expressions", "frozen model", "LoRA");
    }

    @Test
    void otherProgramsTagWithTheAdapter() throws IOException {
        String ticket = report.at("/samples/0/ticket").asText();
        try (TextModel model =
                        TextModel.open(ModelSource.of(output.resolve("minilm")), BaseStorage.of(Precision.FLOAT));
                TextService service = TextService.builder(model)
                        .adapters(output.resolve("adapters"))
                        .build()) {
            TextTags tags = service.answer(
                            org.lora4j.text.task.Tag.class,
                            "tickets",
                            List.of(TextWords.of(ticket)),
                            RequestOptions.defaults())
                    .values()
                    .get(0);
            StringBuilder masked = new StringBuilder(ticket);
            for (int i = tags.spans().size() - 1; i >= 0; i--) {
                TextTags.Span span = tags.spans().get(i);
                masked.replace(span.start(), span.end(), "[" + span.label().toUpperCase(Locale.ROOT) + "]");
            }
            assertThat(masked.toString())
                    .isEqualTo(report.at("/samples/0/masked/LoRA").asText());
        }
    }

    @Test
    void theFileToReadComputesTheSame() throws IOException {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (NativeThreads threads = NativeThreads.forEngine()) { // as in the command
            TicketsLoRA.run(output, TRAINED, TESTED, STEPS, 1, new PrintStream(printed, true, StandardCharsets.UTF_8));
        }
        assertThat(printed.toString(StandardCharsets.UTF_8).lines())
                .anyMatch(line -> line.startsWith(String.format(
                        Locale.ROOT,
                        "%-20s F1 %.1f,",
                        "LoRA",
                        100 * report.at("/results/2/f1").asDouble())))
                .contains(report.at("/samples/0/masked/LoRA").asText());
    }
}
