package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.SafeTensors;

/** Ctrl-C in another process. */
@Tag("slow")
class InterruptTest {
    @TempDir
    private Path temp;

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void keepsTheLastCheckpointAndSaysHowToGoOn() throws Exception {
        assumeThat(Interrupts.areIgnored()).isFalse();
        Path model = SmallModels.bert(temp.resolve("bert"), 1);
        Path data = SmallTexts.csv(temp.resolve("texts.csv"), 40, 2);
        Path output = temp.resolve("out");
        Path log = temp.resolve("log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.lora4j.cli.Lora",
                        "classify",
                        "--model",
                        model.toString(),
                        "--data",
                        data.toString(),
                        "--output",
                        output.toString(),
                        "--epochs",
                        "100000",
                        "--patience",
                        "0",
                        "--checkpoint-every",
                        "5")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Path checkpoint = output.resolve("checkpoint.safetensors");
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
            while (!Files.exists(checkpoint) && process.isAlive() && System.nanoTime() < end) {
                Thread.sleep(50);
            }
            assertThat(new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).isEqualTo(130);
            assertThat(Files.readString(log, StandardCharsets.UTF_8))
                    .contains("interrupted; kept in " + output + ": checkpoint.safetensors; go on with --resume")
                    .doesNotContain("Exception");
            assertThat(SafeTensors.read(checkpoint).metadata()).containsKey("lora.settings");
            assertThat(output.resolve("adapter_config.json")).doesNotExist();
        } finally {
            process.destroyForcibly();
        }
    }
}
