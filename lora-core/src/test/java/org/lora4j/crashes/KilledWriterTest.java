package org.lora4j.crashes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Processes that are killed while they save. Afterwards there is the old content or the new one, as a whole. What the killed
 * process left takes bounded space, and the next save removes it.
 */
@Tag("slow")
class KilledWriterTest {
    /** More than a save takes, in microseconds. */
    private static final int LONGEST = 60_000;

    /** What one killed process may leave per kind: for an adapter, two new files and the old configuration. */
    private static final int MOST_LEFT = 3;

    @TempDir
    private Path root;

    private static List<String> filesAfterASave() {
        return Arrays.stream(Saved.values())
                .flatMap(kind -> kind.files().stream())
                .sorted()
                .toList();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private void killAgainAndAgain(int kills, long seed) throws IOException {
        Path folder = Files.createDirectory(root.resolve("saved"));
        Path output = root.resolve("output");
        SplittableRandom random = new SplittableRandom(seed);
        Map<Saved, Integer> last = new EnumMap<>(Saved.class);
        int left = 0;
        int saves = 0;
        for (int kill = 0; kill < kills; kill++) {
            int first = last.values().stream().max(Integer::compare).orElse(0) + 1;
            try (SavingProgram program = SavingProgram.start(folder, output, first, Saved.values())) {
                LockSupport.parkNanos(1000L * random.nextInt(LONGEST));
                program.requireAlive();
            }
            left = Math.max(left, names(folder).size() - filesAfterASave().size());
            assertThat(left).isLessThanOrEqualTo(MOST_LEFT * Saved.values().length);
            for (Saved kind : Saved.values()) {
                int number = kind.load(folder);
                assertThat(number).as("kill %d of %s", kill, kind).isGreaterThanOrEqualTo(first);
                last.put(kind, number);
                saves += number - first + 1;
            }
        }
        for (Saved kind : Saved.values()) {
            kind.save(folder, 7);
            assertThat(kind.load(folder)).isEqualTo(7);
        }
        assertThat(names(folder)).isEqualTo(filesAfterASave());
        System.out.printf("%d kills during %d saves, at most %d files left by one%n", kills, saves, left);
    }

    @Test
    void aFewKillsLeaveTheOldOrTheNew() throws Exception {
        killAgainAndAgain(3, System.nanoTime());
    }

    @Test
    @Tag("soak")
    void manyKillsLeaveTheOldOrTheNew() throws Exception {
        killAgainAndAgain(120, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Saved.class,
            names = {"ADAPTER", "NETWORK"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aWriteWithoutSpaceNamesTheFileAndLeavesTheOldOne(Saved kind) throws Exception {
        Path folder = Files.createDirectory(root.resolve("full"));
        kind.save(folder, 5);
        String file = kind == Saved.ADAPTER ? "adapter_model.safetensors.new" : "network.safetensors";
        assertThatThrownBy(() -> SavingProgram.startWithoutSpace(folder, root.resolve("output"), 6, kind))
                .hasMessageContaining(folder.resolve(file) + ": the file cannot be written (File too large)")
                .hasMessageContaining("saved before is intact");
        assertThat(kind.load(folder)).isEqualTo(5);
        assertThat(names(folder)).containsExactlyInAnyOrderElementsOf(kind.files());
    }

    private void readBesideTwoWriters(int reads) throws IOException {
        Path folder = Files.createDirectory(root.resolve("shared"));
        int whole = 0;
        int refused = 0;
        try (SavingProgram one = SavingProgram.start(folder, root.resolve("one"), 1, Saved.ADAPTER);
                SavingProgram other = SavingProgram.start(folder, root.resolve("other"), 1_000_000, Saved.ADAPTER)) {
            int[] seen = new int[2];
            while (whole < reads || seen[0] == 0 || seen[1] == 0) {
                one.requireAlive();
                other.requireAlive();
                try {
                    seen[Saved.ADAPTER.load(folder) / 1_000_000]++;
                    whole++;
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("must not be written all the time");
                    refused++;
                }
            }
            System.out.printf(
                    "%d reads beside two writers, %d and %d of each, and %d refused%n",
                    whole, seen[0], seen[1], refused);
        }
    }

    @Test
    void aReaderBesideTwoWritersSeesOneAdapterAsAWhole() throws Exception {
        readBesideTwoWriters(300);
    }

    @Test
    @Tag("soak")
    void aReaderBesideTwoWritersForLongSeesOneAdapterAsAWhole() throws Exception {
        readBesideTwoWriters(40_000);
    }
}
