package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.mnist.data.TestData;

/** A file that cannot be written: the error names it, and what was written before is kept. */
@Tag("slow")
class NotWrittenTest {
    private static final String BASE = "base.safetensors";

    @TempDir
    private static Path temp;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = TestData.write(temp.resolve("data"), 200, 100);
    }

    @Test
    void keepsTheTrainedBaseIfTheAdapterCannotBeWritten() throws IOException {
        Path output = Files.createDirectories(temp.resolve("no-adapter"));
        Files.writeString(output.resolve("adapters"), "in the way");
        Cli cli = Cli.shortRun(data, output);
        assertFails(cli, "error: the adapter " + output.resolve("adapters/digit-9") + " could not be written: ");
        assertThat(cli.err())
                .contains("in " + output + ": " + BASE + "; to use the trained base again, run with --base "
                        + output.resolve(BASE));
        assertTestsAs(cli, output.resolve(BASE));
    }

    @Test
    void keepsTheTrainedBaseAndTheAdapterIfTheReportCannotBeWritten() throws IOException {
        Path output = Files.createDirectories(temp.resolve("no-report"));
        Path page = output.resolve("report.html");
        Files.createDirectories(page.resolve("in-the-way"));
        Cli cli = Cli.shortRun(data, output);
        assertFails(cli, "error: the report in " + output + " could not be written: ");
        assertThat(cli.err())
                .contains(page.toString())
                .contains("kept in " + output + ": " + BASE + ", adapters/digit-9/adapter_model.safetensors, "
                        + "adapters/digit-9/adapter_config.json; ");
        assertTestsAs(cli, output.resolve(BASE));
        assertThat(output.resolve("adapters/digit-9")).isDirectoryContaining("glob:**/adapter_model.safetensors");
        assertThat(output.resolve("report.json")).doesNotExist();
    }

    /** A process that may only write files of up to 1 MB, as a disk with little room left. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void refusesAFolderWithoutRoomForTheBaseBeforeAnyTraining() throws Exception {
        Path output = temp.resolve("full");
        Path out = temp.resolve("out");
        Path err = temp.resolve("err");
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 2048 && exec \"$@\"", "sh"));
        command.addAll(ProcessTest.command(
                MnistExample.class.getName(), "run", "--data", data.toString(), "--output", output.toString()));
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        Cli cli = new Cli(process.waitFor(), Files.readString(out), Files.readString(err));
        assertFails(
                cli,
                "error: the output folder must be writable and have room for the base, 11,228,040 bytes; found "
                        + output + ": ");
        assertThat(cli.out()).isEmpty();
        assertThat(output).isEmptyDirectory();
    }

    private static void assertFails(Cli cli, String message) {
        assertThat(cli.errLines()).singleElement().asString().startsWith(message);
        assertThat(cli.code()).isEqualTo(1);
    }

    /** The file is the base of the run: it gives the accuracy that the run printed for its base. */
    private static void assertTestsAs(Cli run, Path base) {
        Cli evaluated = Cli.run("evaluate", "--data", data, "--base", base);
        assertThat(evaluated.code()).isZero();
        assertThat(accuracies(evaluated))
                .isNotEmpty()
                .isSubsetOf(accuracies(run).subList(0, 1));
    }

    private static List<String> accuracies(Cli cli) {
        return cli.out()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("accuracy "))
                .toList();
    }
}
