package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program as a process of its own. */
@Tag("slow")
class ProcessTest {
    @TempDir
    private Path temp;

    @Test
    void aCommandThatWorksEndsWith0AndIsQuietOnStandardError() throws Exception {
        Cli cli = process("svd", "--size", "5");
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out()).contains("99.88 % less").doesNotContain("INFO", "Nd4j");
        assertThat(cli.code()).isZero();
    }

    @Test
    void wrongUseEndsWith2() throws Exception {
        Cli cli = process("--digit", "12");
        assertThat(cli.errLines())
                .containsExactly("error: --digit must be in [0, 9], found 12 (see lora-mnist-example run --help)");
        assertThat(cli.code()).isEqualTo(2);
    }

    @Test
    void anyOtherFailureEndsWith1() throws Exception {
        Cli cli = process("evaluate", "--base", "missing.safetensors");
        assertThat(cli.errLines()).containsExactly("error: missing.safetensors: there is no such file");
        assertThat(cli.code()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"org.lora4j.example.mnist.MnistExample, story", "org.lora4j.example.mnist.MnistLoRA, ''"})
    void theArticleInOneFileStarts(String program, String argument) throws Exception {
        Process process = new ProcessBuilder(command(program, argument))
                .redirectError(temp.resolve("err").toFile())
                .start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("Training on all digits");
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(temp.resolve("err")).isEmptyFile();
    }

    private Cli process(String... args) throws IOException, InterruptedException {
        Path out = temp.resolve("out");
        Path err = temp.resolve("err");
        Process process = new ProcessBuilder(command(MnistExample.class.getName(), args))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        int code = process.waitFor();
        return new Cli(code, Files.readString(out), Files.readString(err));
    }

    static List<String> command(String program, String... args) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path")));
        if (Runtime.version().feature() >= 24) {
            // Granted by the jar's manifest when the program is started from its jar.
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.add(program);
        command.addAll(List.of(args));
        return command;
    }
}
