package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.FolderLock;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.nd4j.linalg.factory.Nd4j;

class PeftFolderTest {
    private static final int STEPS = 6;

    @TempDir
    private Path root;

    private Path folder;

    @BeforeEach
    void choose() {
        folder = root.resolve("sets/a");
    }

    /** What stands for the end of the process: nothing of this library runs after it. */
    private static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    private static byte[] config(String text) {
        return ("{\"c\": \"" + text + "\"}").getBytes(StandardCharsets.UTF_8);
    }

    private static SafeTensorsBuilder tensors(float value) {
        return SafeTensors.builder().tensor("t", Nd4j.createFromArray(value, value));
    }

    private void write(String config, float value) throws IOException {
        new PeftFolder(folder).write(config(config), PeftFolder.withConfigHash(config(config), tensors(value)));
    }

    private void crash(String config, float value, int step) throws IOException {
        breakOff(config, value, step, () -> {
            throw new Crash();
        });
    }

    private interface End {
        void now() throws IOException;
    }

    private void breakOff(String config, float value, int step, End end) throws IOException {
        int[] count = {0};
        PeftFolder.Steps steps = name -> {
            if (count[0]++ == step) {
                end.now();
            }
        };
        try {
            new PeftFolder(folder, steps)
                    .write(config(config), PeftFolder.withConfigHash(config(config), tensors(value)));
        } catch (Crash e) {
            assertThat(count[0]).isEqualTo(step + 1);
        }
    }

    private void assertNothingIsLeft() throws IOException {
        assertThat(files()).containsExactly(FolderLock.NAME, "adapter_config.json", "adapter_model.safetensors");
    }

    /** Configuration and tensors in one text. */
    private String read() throws IOException {
        return new PeftFolder(folder)
                .read(
                        ReadOptions.defaults(),
                        files -> new String(files.config(), StandardCharsets.UTF_8).replaceAll("[{}\"c: ]", "")
                                + (int) SafeTensors.read(files.tensors())
                                        .tensor("t")
                                        .getFloat(0));
    }

    /** What a reader sees that knows of no protocol, or that there is no adapter. */
    private String readByPeft() throws IOException {
        Path config = folder.resolve("adapter_config.json");
        Path tensors = folder.resolve("adapter_model.safetensors");
        if (!Files.exists(config) || !Files.exists(tensors)) {
            return "none";
        }
        return Files.readString(config).replaceAll("[{}\"c: ]", "")
                + (int) SafeTensors.read(tensors).tensor("t").getFloat(0);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void writesBothFilesAndNothingElse() throws Exception {
        write("x", 1);
        assertThat(read()).isEqualTo("x1");
        assertThat(files()).containsExactly(FolderLock.NAME, "adapter_config.json", "adapter_model.safetensors");
    }

    @Test
    void leavesOtherFilesAlone() throws Exception {
        write("x", 1);
        Files.writeString(folder.resolve("README.md"), "mine");
        Files.createDirectories(folder.resolve("other"));
        write("y", 2);
        assertThat(read()).isEqualTo("y2");
        assertThat(files())
                .containsExactly(
                        FolderLock.NAME, "README.md", "adapter_config.json", "adapter_model.safetensors", "other");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "y"})
    void aCrashAtAnyStepLeavesTheOldOrTheNew(String newConfig) throws Exception {
        String next = newConfig + 2;
        List<String> seen = new ArrayList<>();
        int steps = newConfig.equals("x") ? STEPS - 1 : STEPS;
        for (int step = 0; step < steps; step++) {
            write("x", 1);
            crash(newConfig, 2, step);
            seen.add(read());
            assertThat(readByPeft()).as("step %d", step).isIn("x1", next, "none");
            if (newConfig.equals("x")) {
                assertThat(readByPeft()).as("there is always an adapter").isNotEqualTo("none");
            }
            write("z", 3);
            assertThat(read()).isEqualTo("z3");
            assertThat(readByPeft()).isEqualTo("z3");
            assertNothingIsLeft();
        }
        assertThat(seen).isSubsetOf("x1", next).startsWith("x1").endsWith(next);
    }

    @Test
    void aCrashAtAnyStepOfTheFirstWriteLeavesNothingOrTheNew() throws Exception {
        List<Boolean> seen = new ArrayList<>();
        for (int step = 0; step < STEPS - 1; step++) {
            folder = root.resolve("first" + step);
            crash("x", 1, step);
            boolean exists = new PeftFolder(folder).exists();
            seen.add(exists);
            if (exists) {
                assertThat(read()).isEqualTo("x1");
            } else {
                assertThatThrownBy(this::read).isInstanceOf(PeftFormatException.class);
            }
            write("y", 2);
            assertThat(read()).isEqualTo("y2");
            assertNothingIsLeft();
        }
        assertThat(seen).containsExactly(false, false, false, true, true);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void aFailureAtAnyStepLeavesTheOldOrTheNewInPlace(int step) throws Exception {
        write("x", 1);
        assertThatThrownBy(() -> breakOff("y", 2, step, () -> {
                    throw new IOException("the disk is full");
                }))
                .hasMessage(folder + ": the adapter cannot be saved; "
                        + (step < 2
                                ? "what was saved before is intact"
                                : "the folder has the adapter from before or the new one, as a whole")
                        + ": the disk is full");
        assertThat(read()).isEqualTo(step < 4 ? "x1" : "y2");
        assertThat(readByPeft()).isEqualTo(read());
        assertNothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void holdsForFilesOfOthersToo(int step) throws Exception {
        Files.createDirectories(folder);
        Files.write(folder.resolve("adapter_config.json"), config("x"));
        SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f, 1f)), Map.of())
                .write(folder.resolve("adapter_model.safetensors"));
        assertThat(read()).isEqualTo("x1");
        crash("y", 2, step);
        assertThat(read()).isEqualTo(step < 4 ? "x1" : "y2");
    }

    @Test
    void refusesAConfigurationThatWasEditedByHandAndSaysHowToAcceptIt() throws Exception {
        write("x", 1);
        Files.write(folder.resolve("adapter_config.json"), config("edited"));
        assertThatThrownBy(this::read)
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("adapter_config.json must be the one that was saved with")
                .hasMessageContaining("found another")
                .hasMessageContaining("read both files with PeftFiles.read");

        PeftFiles accepted = PeftFiles.read(
                Files.readAllBytes(folder.resolve("adapter_config.json")),
                Files.readAllBytes(folder.resolve("adapter_model.safetensors")));
        assertThat(accepted.config()).isEqualTo(config("edited"));

        write("y", 2);
        assertThat(read()).isEqualTo("y2");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void keepsAConfigurationThatWasEditedByHandWhenASaveFails(int step) throws Exception {
        write("x", 1);
        Files.write(folder.resolve("adapter_config.json"), config("edited"));
        assertThatThrownBy(() -> breakOff("y", 2, step, () -> {
                    throw new IOException("the disk is full");
                }))
                .isInstanceOf(IOException.class);
        assertThat(readByPeft()).isEqualTo(step < 4 ? "edited1" : "y2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"adapter_config.json", "adapter_config.json.new", "adapter_model.safetensors.old"})
    void namesAFolderThatIsInTheWayOfASave(String name) throws Exception {
        Path inTheWay = Files.createDirectories(folder.resolve(name).resolve("inner"));
        assertThatThrownBy(() -> write("x", 1))
                .hasMessage(
                        folder.resolve(name)
                                + ": must be a file of an adapter or not exist, found a folder; move it away, or save elsewhere");
        assertThat(inTheWay).isDirectory();
    }

    @Test
    void aFolderWithTheNameOfALeftoverDoesNotMatterToAReader() throws Exception {
        write("x", 1);
        Files.createDirectories(folder.resolve("adapter_config.json.new/inner"));
        assertThat(read()).isEqualTo("x1");
    }

    @Test
    void savesIntoAFolderBehindALink() throws Exception {
        Files.createDirectories(root.resolve("elsewhere"));
        folder = Files.createSymbolicLink(root.resolve("link"), root.resolve("elsewhere"));
        write("x", 1);
        assertThat(read()).isEqualTo("x1");
        assertThat(root.resolve("elsewhere/adapter_config.json")).isRegularFile();
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void keepsThePermissionsOfBothFiles() throws Exception {
        write("x", 1);
        List<Path> both = List.of(folder.resolve("adapter_config.json"), folder.resolve("adapter_model.safetensors"));
        for (Path file : both) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        }
        write("y", 2);
        for (Path file : both) {
            assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
        }
    }

    @Test
    void threadsThatSaveIntoOneFolderDoNotMix() throws Exception {
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int writer = 1; writer <= 4; writer++) {
            int value = writer;
            writers.add(CompletableFuture.runAsync(() -> {
                try {
                    for (int i = 0; i < 20; i++) {
                        write("w" + value, value);
                        assertThat(read()).matches("w(\\d)\\1");
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }));
        }
        writers.forEach(CompletableFuture::join);
        assertNothingIsLeft();
    }

    @Test
    void readsAConfigurationWhoseLinesEndInAnotherWay() throws Exception {
        Path config = folder.resolve("adapter_config.json");
        byte[] text = "{\n\"c\": 1\n}".getBytes(StandardCharsets.UTF_8);
        new PeftFolder(folder).write(text, PeftFolder.withConfigHash(text, tensors(1)));
        Files.writeString(config, Files.readString(config).replace("\n", "\r\n"));
        assertThat(new PeftFolder(folder).<Integer>read(ReadOptions.defaults(), files -> files.config().length))
                .isEqualTo(text.length + 2);
    }

    @Test
    void replacesADamagedAdapter() throws Exception {
        write("x", 1);
        Files.writeString(folder.resolve("adapter_model.safetensors"), "damaged");
        assertThatThrownBy(this::read).isInstanceOf(SafeTensorsException.class);
        Files.delete(folder.resolve("adapter_config.json"));
        write("y", 2);
        assertThat(read()).isEqualTo("y2");
    }

    @Test
    void namesTheFileThatIsMissing() throws Exception {
        assertThatThrownBy(this::read)
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("must be a folder with an adapter, found no folder");
        Files.createDirectories(folder);
        assertThatThrownBy(this::read)
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("adapter_model.safetensors, found none");
        write("x", 1);
        Files.delete(folder.resolve("adapter_config.json"));
        assertThatThrownBy(this::read)
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("adapter_config.json, found none");
        Files.delete(folder.resolve("adapter_model.safetensors"));
        Files.write(folder.resolve("adapter_model.bin"), new byte[1]);
        assertThatThrownBy(this::read).hasMessageContaining("a pickle, which is not read");
    }

    @Test
    void refusesAConfigurationOfTenMegabytes() throws Exception {
        write("x", 1);
        Files.write(folder.resolve("adapter_config.json"), new byte[10 << 20]);
        assertThatThrownBy(this::read)
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("must have at most 4194304 bytes, found 10485760");
    }

    @Test
    void readersBesideAWriterSeeOneOrTheOther() throws Exception {
        write("a", 1);
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            try {
                for (int i = 0; i < 100; i++) {
                    write("b", 2);
                    write("a", 1);
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        int reads = 0;
        while (!writer.isDone() || reads == 0) {
            try {
                assertThat(read()).isIn("a1", "b2");
                reads++;
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("found changes in each of");
            }
        }
        writer.join();
        assertThat(read()).isEqualTo("a1");
    }
}
