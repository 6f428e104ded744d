package org.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.factory.Nd4j;

class AdapterFolderTest {
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

    private static SafeTensors.Builder tensors(float value) {
        return SafeTensors.builder().tensor("t", Nd4j.createFromArray(value, value));
    }

    private void write(String config, float value) throws IOException {
        new AdapterFolder(folder).write(config(config), AdapterFolder.withConfigHash(config(config), tensors(value)));
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
        AdapterFolder.Steps steps = name -> {
            if (count[0]++ == step) {
                end.now();
            }
        };
        try {
            new AdapterFolder(folder, steps)
                    .write(config(config), AdapterFolder.withConfigHash(config(config), tensors(value)));
        } catch (Crash | ExpectedFailure e) {
            assertThat(count[0]).isEqualTo(step + 1);
        }
    }

    private static final class ExpectedFailure extends IOException {
        private static final long serialVersionUID = 1;
    }

    /** Configuration and tensors in one text. */
    private String read() throws IOException {
        return new AdapterFolder(folder)
                .read(
                        ReadLimits.defaults(),
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
        assertThat(files()).containsExactly("adapter_config.json", "adapter_model.safetensors");
    }

    @Test
    void leavesOtherFilesAlone() throws Exception {
        write("x", 1);
        Files.writeString(folder.resolve("README.md"), "mine");
        Files.createDirectories(folder.resolve("other"));
        write("y", 2);
        assertThat(read()).isEqualTo("y2");
        assertThat(files()).containsExactly("README.md", "adapter_config.json", "adapter_model.safetensors", "other");
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
            assertThat(files()).hasSize(2);
        }
        assertThat(seen).isSubsetOf("x1", next).startsWith("x1").endsWith(next);
    }

    @Test
    void aCrashAtAnyStepOfTheFirstWriteLeavesNothingOrTheNew() throws Exception {
        List<Boolean> seen = new ArrayList<>();
        for (int step = 0; step < STEPS - 1; step++) {
            folder = root.resolve("first" + step);
            crash("x", 1, step);
            boolean exists = new AdapterFolder(folder).exists();
            seen.add(exists);
            if (exists) {
                assertThat(read()).isEqualTo("x1");
            } else {
                assertThatThrownBy(this::read).isInstanceOf(PeftFormatException.class);
            }
            write("y", 2);
            assertThat(read()).isEqualTo("y2");
            assertThat(files()).hasSize(2);
        }
        assertThat(seen).containsExactly(false, false, false, true, true);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void aFailureAtAnyStepLeavesTheOldOrTheNewInPlace(int step) throws Exception {
        write("x", 1);
        breakOff("y", 2, step, () -> {
            throw new ExpectedFailure();
        });
        assertThat(read()).isEqualTo(step < 4 ? "x1" : "y2");
        assertThat(readByPeft()).isEqualTo(read());
        assertThat(files()).hasSize(2);
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
    void takesAConfigurationThatWasEditedByHandWithAWarning() throws Exception {
        write("x", 1);
        Files.write(folder.resolve("adapter_config.json"), config("edited"));
        try (Logged logged = Logged.by(AdapterFolder.class)) {
            assertThat(read()).isEqualTo("edited1");
            assertThat(logged.messages())
                    .singleElement()
                    .asString()
                    .contains("adapter_config.json was changed after it was written");
        }
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
