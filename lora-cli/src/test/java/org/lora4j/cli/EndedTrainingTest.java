package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;

/** Trainings in processes of their own that are ended at random moments, most of which are between two checkpoints or in one. */
@Tag("slow")
@MustEnd
class EndedTrainingTest {
    private static final long KILLS = Long.getLong("training.kills", 2);
    private static final int EPOCHS = 100;
    private static final int SIGTERM = 15;

    @TempDir
    private Path temp;

    private Path log;
    private final SplittableRandom random = new SplittableRandom(3);

    @BeforeEach
    void setLog() {
        log = temp.resolve("log");
    }

    private List<String> training(String command, Path output, boolean resumes) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                command,
                "--output",
                output.toString(),
                "--epochs",
                String.valueOf(EPOCHS),
                "--patience",
                "0",
                "--validation",
                "0",
                "--checkpoint-every",
                "1"));
        if (command.equals("clm")) {
            Path text = Files.writeString(temp.resolve("rhyme.txt"), "one two three, look at me. ".repeat(20));
            words.addAll(List.of("--block", "32", "--data", text.toString()));
            words.addAll(List.of(
                    "--model", SmallModels.llama(temp.resolve("llama"), 1).toString()));
        } else {
            Path triples = Files.writeString(
                    temp.resolve("triples.csv"),
                    "query,positive,negative\n" + "the cat,a cat,a ship\nthe ship,a ship,a cat\n".repeat(8));
            words.addAll(List.of("--data", triples.toString()));
            words.addAll(
                    List.of("--model", SmallModels.bert(temp.resolve("bert"), 1).toString()));
        }
        if (resumes) {
            words.add("--resume");
        }
        return words;
    }

    private Process start(List<String> words) throws IOException {
        List<String> command = JavaCommand.of("org.lora4j.cli.Lora");
        command.addAll(words);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    /** Waits until the training has written a checkpoint of its own, and then for a random time. */
    private void awaitAnyMoment(Process process, Path output) throws Exception {
        Path checkpoint = output.resolve("checkpoint.safetensors");
        Object before = state(checkpoint);
        Patience.await(() -> !process.isAlive() || !state(checkpoint).equals(before));
        Thread.sleep(random.nextInt(200));
    }

    private static Object state(Path file) throws IOException {
        try {
            return Files.readAttributes(file, "lastModifiedTime,fileKey");
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"rerank", "clm", "retrieve"})
    void aTrainingThatIsKilledAgainAndAgainEndsWithTheSameBytes(String command) throws Exception {
        Path whole = temp.resolve("whole");
        Cli.good(training(command, whole, false).toArray());
        Path killed = temp.resolve("killed");
        int kills = 0;
        for (int i = 0; i < KILLS; i++) {
            Process process = start(training(command, killed, i > 0));
            try {
                awaitAnyMoment(process, killed);
                kills += process.isAlive() ? 1 : 0;
            } finally {
                process.destroyForcibly().waitFor();
            }
            if (Files.exists(killed.resolve("adapter_model.safetensors"))) {
                break;
            }
            assertThat(killed.resolve("checkpoint.safetensors")).exists();
        }
        assertThat(kills).isPositive();
        if (Files.exists(killed.resolve("checkpoint.safetensors"))) {
            Cli.good(training(command, killed, true).toArray());
        }
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertThat(killed.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
        assertThat(names(killed)).isEqualTo(names(whole));
    }

    @ParameterizedTest
    @CsvSource({"rerank", "clm"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void sigtermLeavesTheLastCheckpointAndNothingUnfinished(String command) throws Exception {
        for (int i = 0; i < KILLS; i++) {
            Path output = temp.resolve("out" + i);
            Process process = start(training(command, output, false));
            try {
                awaitAnyMoment(process, output);
                process.destroy();
                String written = Files.readString(log, StandardCharsets.UTF_8);
                assertThat(Patience.awaitEnd(process)).as(written).isEqualTo(128 + SIGTERM);
            } finally {
                process.destroyForcibly();
            }
            assertThat(Files.readString(log, StandardCharsets.UTF_8))
                    .contains("interrupted; kept in " + output + ": checkpoint.safetensors; go on with --resume")
                    .doesNotContain("error:", "Exception");
            assertThat(names(output)).containsExactly("checkpoint.safetensors");
        }
    }
}
