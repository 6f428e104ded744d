package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.SmallReranker;

/** A process that is killed at random moments and started again ends with the bytes of one that was not. */
@Tag("slow")
@MustEnd
class KilledTrainingTest {
    private static final int KILLS = Integer.getInteger("job.kills", 2);

    @TempDir
    private Path temp;

    private final SplittableRandom random = new SplittableRandom(11);

    private static Process start(Path folder, String... killedAt) throws IOException {
        List<String> command = JavaCommand.of("org.lora4j.text.job.TrainingProgram", folder.toString());
        command.addAll(List.of(killedAt));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
    }

    private Path folder(String name) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(name));
        SmallReranker.write(folder.resolve("model"));
        return folder;
    }

    private static void finish(Path folder, String... killedAt) throws Exception {
        Process process = start(folder, killedAt);
        try {
            assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue())
                    .as(() -> read(folder.resolve("log")))
                    .isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Whether a job has begun to write events. */
    private static boolean hasBegun(Path folder) throws IOException {
        Path jobs = folder.resolve("jobs");
        if (!Files.isDirectory(jobs)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(jobs, 2)) {
            return files.anyMatch(file -> file.endsWith("metrics.csv"));
        }
    }

    @Test
    void aProcessThatIsKilledAgainAndAgainEndsWithTheSameBytes() throws Exception {
        Path whole = folder("whole");
        finish(whole);
        Path killed = folder("killed");
        // Where the adapter of an epoch is served and the job may not know it yet.
        finish(killed, "job-1-step-60");
        finish(killed, "job-2-step-60");
        for (int i = 0; i < KILLS; i++) {
            Process process = start(killed);
            try {
                long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
                while (process.isAlive() && !hasBegun(killed) && System.nanoTime() < end) {
                    Thread.sleep(20);
                }
                boolean ended = process.waitFor(500 + random.nextInt(1_500), TimeUnit.MILLISECONDS);
                assertThat(ended && process.exitValue() != 0)
                        .as(() -> read(killed.resolve("log")))
                        .isFalse();
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
        finish(killed);
        for (String adapter : List.of("job-0", "job-1", "job-2")) {
            for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
                assertThat(killed.resolve("adapters").resolve(adapter).resolve(file))
                        .hasSameBinaryContentAs(
                                whole.resolve("adapters").resolve(adapter).resolve(file));
            }
        }
        assertThat(names(killed.resolve("adapters"))).isEqualTo(names(whole.resolve("adapters")));
        assertThat(names(killed.resolve("jobs"))).hasSize(4);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        }
    }
}
