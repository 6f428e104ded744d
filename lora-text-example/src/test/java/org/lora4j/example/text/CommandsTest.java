package org.lora4j.example.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Short runs of all commands with the real model on a few texts. */
@Tag("slow")
class CommandsTest {
    @TempDir
    private static Path temp;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = SmallTexts.write(temp.resolve("data"));
    }

    private static Cli run(String command, Path output, Object... more) {
        Object[] options = {
            command,
            "--data",
            data,
            "--model-folder",
            TestModel.FOLDER,
            "--output",
            output,
            "--batch-size",
            4,
            "--no-progress"
        };
        Object[] all = java.util.stream.Stream.concat(
                        java.util.stream.Stream.of(options), java.util.stream.Stream.of(more))
                .toArray();
        return Cli.run(all);
    }

    @Test
    void classifyLearnsWritesItsFilesAndItsAdapterGivesTheSameResultAgain() throws IOException {
        Path output = temp.resolve("classify");
        Cli cli = run("classify", output, "--steps", 8, "--lr", 0.005);
        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();

        JsonNode report = json(output);
        assertThat(report.at("/lora/accuracy").asDouble()).isEqualTo(1);
        assertThat(report.at("/merged")).isEqualTo(report.at("/lora"));
        assertThat(report.at("/loraTraining/iterations").asInt()).isEqualTo(8);
        assertThat(report.at("/classNames").toString()).isEqualTo("[\"cats\",\"ships\"]");
        assertThat(report.at("/settings/rank").asInt()).isEqualTo(8);
        assertThat(report.at("/base/outputUnchanged").asBoolean()).isTrue();
        assertThat(report.at("/base/frozenUnchanged")).hasSize(103).allMatch(JsonNode::asBoolean);
        // 36 linear layers with rank 8, and a classifier of 2 · 384 weights and 2 biases.
        assertThat(report.at("/sizes/adaptedLayers").asInt()).isEqualTo(36);
        assertThat(report.at("/sizes/adapterParameters").asLong()).isEqualTo(331_776 + 770);
        assertThat(report.at("/sizes/adapterBytes").asLong())
                .isEqualTo(Files.size(output.resolve("adapters/adapter/adapter_model.safetensors")));
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("{{")
                .contains("unchanged", "103 of 103 parameters");

        Cli again = run("classify", temp.resolve("none"), "--adapter", output.resolve("adapters/adapter"));
        assertThat(again.code()).isZero();
        assertThat(again.out()).contains("accuracy 100.00 %, 0 of 8 wrong");
        assertThat(temp.resolve("none")).doesNotExist();
    }

    @Test
    void theSameSeedGivesTheSameAdapterAndAnotherSeedAnotherOne() throws IOException {
        Path tensors = Path.of("adapters/adapter/adapter_model.safetensors");
        for (String name : new String[] {"first", "second"}) {
            assertThat(run("classify", temp.resolve(name), "--steps", 2, "--targets", "query,value")
                            .code())
                    .isZero();
        }
        run("classify", temp.resolve("third"), "--steps", 2, "--targets", "query,value", "--seed", 1);
        byte[] first = Files.readAllBytes(temp.resolve("first").resolve(tensors));
        assertThat(temp.resolve("second").resolve(tensors)).hasBinaryContent(first);
        assertThat(Files.readAllBytes(temp.resolve("third").resolve(tensors))).isNotEqualTo(first);
    }

    private static JsonNode json(Path output) throws IOException {
        return new ObjectMapper().readTree(output.resolve("report.json").toFile());
    }
}
