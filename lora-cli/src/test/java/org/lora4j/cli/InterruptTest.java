package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Patience;
import org.lora4j.io.safetensors.SafeTensors;

/** Ctrl-C in another process. */
@Tag("slow")
class InterruptTest {
    private static final int CTRL_C = 3;

    @TempDir
    private Path temp;

    private Path output() {
        return temp.resolve("out");
    }

    private Path log() {
        return temp.resolve("log");
    }

    private List<String> training() throws IOException {
        return JavaCommand.of(
                "org.lora4j.cli.Lora",
                "classify",
                "--model",
                SmallModels.bert(temp.resolve("bert"), 1).toString(),
                "--data",
                SmallTexts.csv(temp.resolve("texts.csv"), 40, 2).toString(),
                "--output",
                output().toString(),
                "--epochs",
                "100000",
                "--patience",
                "0",
                "--checkpoint-every",
                "5");
    }

    private Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log().toFile())
                .start();
    }

    private void awaitCheckpoint(Process process) throws Exception {
        Patience.await(() -> Files.exists(output().resolve("checkpoint.safetensors")) || !process.isAlive());
    }

    private String kept() {
        return "interrupted; kept in " + output() + ": checkpoint.safetensors; go on with --resume";
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void keepsTheLastCheckpointAndSaysHowToGoOn() throws Exception {
        assumeThat(Interrupts.areIgnored()).isFalse();
        Process process = start(training());
        try {
            awaitCheckpoint(process);
            assertThat(new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
            assertThat(Patience.awaitEnd(process)).isEqualTo(130);
            assertThat(Files.readString(log(), StandardCharsets.UTF_8))
                    .contains(kept())
                    .doesNotContain("Exception");
            assertThat(SafeTensors.read(output().resolve("checkpoint.safetensors"))
                            .metadata())
                    .containsKey("lora.settings");
            assertThat(output().resolve("adapter_config.json")).doesNotExist();
        } finally {
            process.destroyForcibly();
        }
    }

    /** The program {@code script} gives the training a terminal, in which Ctrl-C is a character that is typed. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theLineStaysWhereAProgressBarIsDrawn() throws Exception {
        assumeThat(Interrupts.areIgnored()).isFalse();
        Path script = Path.of("/usr/bin/script");
        assumeThat(Files.isExecutable(script)).isTrue();
        List<String> words = new ArrayList<>();
        training().forEach(word -> words.add("'" + word + "'"));
        Process process = start(List.of(
                script.toString(), "-qefc", "stty cols 500; TERM=xterm " + String.join(" ", words), "/dev/null"));
        try {
            awaitCheckpoint(process);
            process.getOutputStream().write(CTRL_C);
            process.getOutputStream().flush();
            assertThat(Patience.awaitEnd(process)).isEqualTo(130);
            String written = Files.readString(log(), StandardCharsets.UTF_8);
            assertThat(written).contains("\rtraining", kept());
            assertThat(written.substring(written.indexOf("interrupted;"))).doesNotContain("training ");
        } finally {
            process.destroyForcibly();
        }
    }
}
