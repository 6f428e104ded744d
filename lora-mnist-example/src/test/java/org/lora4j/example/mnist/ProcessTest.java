package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own. */
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

    private Cli process(String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path")));
        if (Runtime.version().feature() >= 24) {
            // Granted by the jar's manifest when the program is started from its jar.
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.add(MnistExample.class.getName());
        command.addAll(List.of(args));
        Path out = temp.resolve("out");
        Path err = temp.resolve("err");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        int code = process.waitFor();
        return new Cli(code, Files.readString(out), Files.readString(err));
    }
}
