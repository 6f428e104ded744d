package org.lora4j.example.text.calendar;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.lora4j.LoRAModel;
import org.lora4j.example.text.TextExample;
import org.lora4j.nn.NativeThreads;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.tools.CallAccuracy;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;
import org.nd4j.linalg.api.buffer.DataType;

/** Short runs of the story: the file to read, and the command. */
@Tag("slow")
@SuppressWarnings("try") // the variable of the threads is not read
class CalendarTest {
    private static final int TRAINED = 40;
    private static final int TESTED = 12;
    private static final int BASE_STEPS = 4;
    private static final int STEPS = 3;

    @TempDir
    private static Path temp;

    private static Path output;
    private static String printed;
    private static JsonNode report;

    @BeforeAll
    static void runTheCommand() throws IOException {
        output = temp.resolve("calendar");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] args = Stream.of(
                        "calendar",
                        "--output",
                        output,
                        "--base-steps",
                        BASE_STEPS,
                        "--steps",
                        STEPS,
                        "--train",
                        TRAINED,
                        "--test",
                        TESTED,
                        "--seed",
                        1,
                        "--no-progress")
                .map(String::valueOf)
                .toArray(String[]::new);
        assertThat(TextExample.execute(new PrintWriter(out), new PrintWriter(err), args))
                .as("%s", err)
                .isZero();
        printed = out.toString();
        report = new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    @Test
    void writesAReportAndFilesThatOtherProgramsOpen() throws IOException {
        assertThat(report.at("/settings/train").asInt()).isEqualTo(TRAINED);
        assertThat(report.at("/baseTraining/iterations").asInt()).isEqualTo(BASE_STEPS);
        assertThat(report.at("/training/iterations").asInt()).isEqualTo(STEPS);
        assertThat(report.at("/sizes/adaptedLayers").asInt()).isEqualTo(28);
        assertThat(report.at("/base/outputUnchanged").asBoolean()).isTrue();
        assertThat(report.at("/base/frozenUnchanged")).hasSize(38).allMatch(JsonNode::asBoolean);
        assertThat(report.at("/functions")).hasSize(6);
        assertThat(report.at("/samples")).hasSize(5);
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("${", "<#", "<@")
                .contains("38 of 38 parameters", "create_event", "LoRA + grammar");
        try (DecoderFolder decoder = DecoderFolder.open(output.resolve("base"), DataType.FLOAT)) {
            LoRAModel model = LoRAModel.of(decoder.network());
            model.load("calendar", output.resolve("adapters/calendar"));
            Assistant calendar = Assistant.read("calendar");
            List<Request> test = calendar.newRequests(TESTED, 3, calendar.requests(TRAINED, 2));
            CallAccuracy found = CalendarLoRA.compare(
                    CalendarLoRA.answers(decoder, model, "calendar", true, test, calendar.tools()),
                    test,
                    request -> true);
            assertThat(new ObjectMapper().<JsonNode>valueToTree(found)).isEqualTo(report.at("/results/3/all"));
        }
    }

    /** A model that has learned nothing yet calls a function nevertheless, because the grammar allows nothing else. */
    @Test
    void withAGrammarAllCallsAreValid() {
        List<String> names = List.of("base", "base + grammar", "LoRA", "LoRA + grammar");
        for (int i = 0; i < names.size(); i++) {
            JsonNode result = report.at("/results/" + i);
            assertThat(result.at("/name").asText()).isEqualTo(names.get(i));
            assertThat(result.at("/all/answers").asInt()).isEqualTo(TESTED);
            assertThat(result.at("/newWords/answers").asInt()).isBetween(1, TESTED);
            assertThat(result.at("/secondsPerAnswer").asDouble()).isPositive();
            assertThat(result.at("/all/valid").asInt()).isEqualTo(i % 2 == 1 ? TESTED : 0);
            assertThat(printed).contains(names.get(i));
        }
        report.at("/samples")
                .forEach(
                        sample -> assertThat(
                                        sample.at("/answers/LoRA + grammar").asText())
                                .matches(
                                        "(?s)(create_event|move_event|cancel_event|list_events|find_free_time|invite_person)\\(\\{.*\\}\\)"));
    }

    @Test
    void theFileToReadComputesTheSame() throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        try (NativeThreads threads = NativeThreads.forEngine()) { // as in the command
            CalendarLoRA.run(
                    temp.resolve("model"),
                    TRAINED,
                    TESTED,
                    BASE_STEPS,
                    STEPS,
                    new PrintStream(lines, true, StandardCharsets.UTF_8));
        }
        JsonNode all = report.at("/results/3/all");
        assertThat(lines.toString(StandardCharsets.UTF_8).lines())
                .contains(String.format(
                        Locale.ROOT,
                        "%-17s %6d %9d %10d %6d of %d",
                        "LoRA + grammar",
                        all.at("/valid").asInt(),
                        all.at("/functions").asInt(),
                        all.at("/arguments").asInt(),
                        all.at("/exact").asInt(),
                        TESTED));
        assertThat(temp.resolve("model/model.safetensors")).isNotEmptyFile();
    }

    @Test
    void countsOnlyTheRequestsThatAreAskedFor() {
        Request known = new Request("a", ToolCall.of("f", "{}"), false);
        Request strange = new Request("b", ToolCall.of("g", "{}"), true);
        List<ToolAnswer> answers = List.of(known.expected(), known.expected());
        assertThat(CalendarLoRA.compare(answers, List.of(known, strange), request -> true))
                .isEqualTo(new CallAccuracy(2, 2, 1, 1, 1));
        assertThat(CalendarLoRA.compare(answers, List.of(known, strange), Request::isNew))
                .isEqualTo(new CallAccuracy(1, 1, 0, 0, 0));
    }
}
