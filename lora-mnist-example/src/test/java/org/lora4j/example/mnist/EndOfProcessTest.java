package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.example.mnist.data.TestData;

/** A process that is interrupted, that nobody listens to, or whose locale is poor. */
@Tag("slow")
class EndOfProcessTest {
    private static final String PROGRAM = MnistExample.class.getName();

    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    @DisabledOnOs(OS.WINDOWS)
    void anInterruptSaysWhatIsKept(String signal, int code) throws Exception {
        assumeThat(signal.equals("INT") && ignoresInterrupts()).isFalse();
        Path data = TestData.write(temp.resolve("data"), 200, 100);
        Path output = temp.resolve("output");
        Process process = start(ProcessTest.command(
                PROGRAM,
                "run",
                "--data",
                data.toString(),
                "--output",
                output.toString(),
                "--max-batches",
                "5",
                "--fine-tune-batches",
                "1000000",
                "--no-progress"));
        try (var out = process.inputReader()) {
            for (String line = ""; !line.contains("Fine-tuning:"); line = out.readLine()) {
                assertThat(line).as("standard output").isNotNull();
            }
            new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                    .start()
                    .waitFor();
            assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        Path base = output.resolve("base.safetensors");
        assertThat(err())
                .containsExactly("interrupted; kept in " + output
                        + ": base.safetensors; to use the trained base again, run with --base " + base);
        assertThat(base).isNotEmptyFile();
        assertThat(process.exitValue()).isEqualTo(code);
    }

    /** Returns whether this process ignores interrupts, as one in the background of a script: its children do, too. */
    private static boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        String ignored = Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElse("SigIgn: 0");
        return (Long.parseUnsignedLong(ignored.substring(7).strip(), 16) & 2) != 0;
    }

    @ParameterizedTest
    @CsvSource({"svd --size 5", "story", "--help"})
    @DisabledOnOs(OS.WINDOWS)
    void aClosedStandardOutputEndsTheProgramQuietly(String arguments) throws Exception {
        Process process = start(ProcessTest.command(PROGRAM, arguments.split(" ")));
        process.getInputStream().close();
        try {
            assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(err()).isEmpty();
        assertThat(process.exitValue()).isEqualTo(141);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void refusesAPathThatTheLocaleCannotExpress() throws Exception {
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", "LC_ALL=C exec \"$@\" --base \"caf$(printf '\\303\\251')\"", "sh"));
        command.addAll(ProcessTest.command(PROGRAM, "evaluate"));
        Process process = start(command);
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(err())
                .singleElement()
                .asString()
                .startsWith("error: Invalid value for option '--base': 'caf")
                .contains("must have only characters of the locale's character set", "set LC_ALL=C.UTF-8");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void refusesAWorkingFolderThatTheLocaleCannotExpress() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "sh",
                "-c",
                "mkdir \"$0/caf$(printf '\\303\\251')\" && cd \"$0\"/caf* && LC_ALL=C exec \"$@\"",
                temp.toString()));
        command.addAll(ProcessTest.command(PROGRAM, "svd", "--size", "5"));
        Process process = start(command);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(err())
                .singleElement()
                .asString()
                .startsWith("error: '" + temp + "/caf")
                .contains("must have only characters of the locale's character set", "set LC_ALL=C.UTF-8");
    }

    private Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectError(temp.resolve("err").toFile())
                .start();
    }

    private List<String> err() throws IOException {
        return Files.readAllLines(temp.resolve("err"));
    }
}
