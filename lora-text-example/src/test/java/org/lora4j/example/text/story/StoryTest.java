package org.lora4j.example.text.story;

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
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.text.TextExample;
import org.lora4j.generate.Generator;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.tokens.Tokenizer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Short runs of the story: the file to read, and the command. */
@Tag("slow")
@SuppressWarnings("try") // the variable of the threads is not read
class StoryTest {
    private static final int BASE_STEPS = 4;
    private static final int STEPS = 3;
    private static final int TESTED = 5;

    @TempDir
    private static Path temp;

    private static Path output;
    private static JsonNode report;

    @BeforeAll
    static void runTheCommand() throws IOException {
        output = temp.resolve("story");
        StringWriter err = new StringWriter();
        assertThat(story(err, "--output", output, "--base-steps", BASE_STEPS))
                .as("%s", err)
                .isZero();
        report = new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }

    private static int story(StringWriter err, Object... more) {
        Stream<Object> options =
                Stream.of("story", "--steps", STEPS, "--test-windows", TESTED, "--seed", 1, "--no-progress");
        String[] all =
                Stream.concat(options, Stream.of(more)).map(String::valueOf).toArray(String[]::new);
        return TextExample.execute(new PrintWriter(new StringWriter()), new PrintWriter(err), all);
    }

    @Test
    void writesAReportAndFilesThatOtherProgramsOpen() throws IOException {
        assertThat(report.at("/baseTraining/iterations").asInt()).isEqualTo(BASE_STEPS);
        assertThat(report.at("/training/iterations").asInt()).isEqualTo(STEPS);
        assertThat(report.at("/sizes/baseParameters").asLong()).isEqualTo(1_049_728);
        assertThat(report.at("/sizes/adapterParameters").asLong()).isEqualTo(77_824);
        assertThat(report.at("/sizes/adaptedLayers").asInt()).isEqualTo(28);
        assertThat(report.at("/base/outputUnchanged").asBoolean()).isTrue();
        assertThat(report.at("/base/frozenUnchanged")).hasSize(38).allMatch(JsonNode::asBoolean);
        assertThat(report.at("/samples")).hasSize(3);
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("${", "<#", "<@")
                .contains("38 of 38 parameters", "Our troops");
        try (Tokenizer tokenizer = Tokenizer.load(output.resolve("base"))) {
            Speeches speeches = Speeches.read("new-test", tokenizer);
            Generator base =
                    Generator.of(PretrainedModel.load(output.resolve("base")).causal());
            assertThat(base.score(new int[] {0}, speeches.window(0)).perplexity())
                    .isGreaterThan(1);
        }
    }

    @Test
    void theFileToReadComputesTheSame() throws IOException {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (NativeThreads threads = NativeThreads.forEngine(); // as in the command
                Tokenizer tokenizer = StoryLoRA.tokenizer()) {
            StoryLoRA.run(tokenizer, BASE_STEPS, STEPS, TESTED, new PrintStream(printed, true, StandardCharsets.UTF_8));
        }
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).contains(line("base", "before"), line("with LoRA", "after"));
        assertThat(lines)
                .contains("Base: "
                        + report.at("/samples/0/base")
                                .asText()
                                .lines()
                                .findFirst()
                                .orElseThrow());
    }

    private static String line(String name, String when) {
        return String.format(
                Locale.ROOT,
                "%-12s %14.1f %12.1f",
                name,
                report.at("/" + when + "/oldSpeeches").asDouble(),
                report.at("/" + when + "/newSpeeches").asDouble());
    }

    /** Writes the trained model as another one of two files. */
    private static Path inTwoFiles(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (String name : new String[] {"config.json", "tokenizer.json"}) {
            Files.copy(output.resolve("base").resolve(name), folder.resolve(name));
        }
        Map<String, INDArray> first = new TreeMap<>(
                SafeTensors.read(output.resolve("base/model.safetensors")).tensors());
        Map<String, INDArray> second = Map.of("model.norm.weight", first.remove("model.norm.weight"));
        SafeTensors.of(first, Map.of()).write(folder.resolve("model-1.safetensors"));
        SafeTensors.of(second, Map.of()).write(folder.resolve("model-2.safetensors"));
        Map<String, String> files = new TreeMap<>();
        first.keySet().forEach(name -> files.put(name, "model-1.safetensors"));
        second.keySet().forEach(name -> files.put(name, "model-2.safetensors"));
        new ObjectMapper()
                .writeValue(folder.resolve("model.safetensors.index.json").toFile(), Map.of("weight_map", files));
        return folder;
    }

    @Test
    void takesAModelOfTheUser() throws IOException {
        Path model = inTwoFiles(temp.resolve("model"));
        Path again = temp.resolve("again");
        StringWriter err = new StringWriter();
        assertThat(story(err, "--output", again, "--model", model))
                .as("%s", err)
                .isZero();
        JsonNode found =
                new ObjectMapper().readTree(again.resolve("report.json").toFile());
        assertThat(found.at("/baseTraining").isNull()).isTrue();
        assertThat(found.at("/before")).isEqualTo(report.at("/before"));
        assertThat(found.at("/after")).isEqualTo(report.at("/after"));
        assertThat(found.at("/sizes/baseBytes").asLong())
                .isEqualTo(Files.size(model.resolve("model-1.safetensors"))
                        + Files.size(model.resolve("model-2.safetensors")));
        assertThat(again.resolve("base")).doesNotExist();
    }

    @Test
    void aFolderWithoutAModelIsOneLine() {
        StringWriter err = new StringWriter();
        assertThat(story(err, "--output", temp.resolve("none"), "--model", temp))
                .isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("tokenizer.json");
    }
}
