package org.lora4j.io.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsReader;
import org.lora4j.nn.Network;
import org.nd4j.linalg.factory.Nd4j;

class FileAccessTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    private static SafeTensors tensors() {
        return SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f, 2f)), Map.of());
    }

    private static void makePipe(Path path) throws Exception {
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor())
                .isZero();
    }

    /** Every way to read a file. */
    private static void assertRefused(Path file, String found) {
        for (ThrowingCallable read : new ThrowingCallable[] {
            () -> SafeTensors.read(file),
            () -> SafeTensors.readHeader(file),
            () -> SafeTensorsReader.open(file).close(),
            () -> Network.load(file),
            () -> FileAccess.readAtMost(file, 100)
        }) {
            ProcessorTime.limit(
                    SOON,
                    () -> assertThatThrownBy(read)
                            .isInstanceOf(FileSystemException.class)
                            .hasMessage(file + ": must be a regular file, found " + found));
        }
    }

    @Test
    void refusesAFolder() {
        assertRefused(folder, "a folder");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesAPipeWithoutWaitingForItsWriter() throws Exception {
        makePipe(folder.resolve("pipe"));
        assertRefused(folder.resolve("pipe"), "a device, a pipe or a socket");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesADeviceBehindALink() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("zero"), Path.of("/dev/zero"));
        assertRefused(link, "a device, a pipe or a socket");
        Files.delete(link);
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesSpecialFilesInTheFolderOfAnAdapter() throws Exception {
        for (String name : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
            for (String special : new String[] {"pipe", "zero"}) {
                Path adapter = Files.createDirectories(folder.resolve(name + special));
                Files.writeString(adapter.resolve("adapter_config.json"), "{}");
                tensors().write(adapter.resolve("adapter_model.safetensors"));
                Path file = adapter.resolve(name);
                Files.delete(file);
                if (special.equals("pipe")) {
                    makePipe(file);
                } else {
                    Files.createSymbolicLink(file, Path.of("/dev/zero"));
                }
                ProcessorTime.limit(
                        SOON,
                        () -> assertThatThrownBy(() -> PeftAdapters.load(adapter))
                                .hasMessage(file + ": must be a regular file, found a device, a pipe or a socket"));
                ProcessorTime.limit(
                        SOON,
                        () -> assertThatThrownBy(() -> PeftAdapters.loadAll(adapter))
                                .hasMessage(file + ": must be a regular file, found a device, a pipe or a socket"));
                Files.delete(file);
            }
        }
    }

    @Test
    void readsAFileBehindLinks() throws Exception {
        Path file = folder.resolve("file");
        tensors().write(file);
        Files.createSymbolicLink(folder.resolve("link"), Path.of("file"));
        Path link = Files.createSymbolicLink(folder.resolve("link of a link"), folder.resolve("link"));
        assertThat(SafeTensors.read(link).toBytes()).isEqualTo(Files.readAllBytes(file));
    }

    @Test
    void aMissingFileIsMissing() throws Exception {
        assertThatThrownBy(() -> SafeTensors.read(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class);
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("none"));
        assertThatThrownBy(() -> SafeTensors.read(link)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void readsAtMostOneByteMoreThanTheLimit() throws IOException {
        Path file = Files.write(folder.resolve("file"), new byte[] {1, 2, 3, 4, 5, 6});
        assertThat(FileAccess.readAtMost(file, 6)).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(FileAccess.readAtMost(file, 7)).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(FileAccess.readAtMost(file, 5)).hasSize(6);
        assertThat(FileAccess.readAtMost(file, 3)).containsExactly(1, 2, 3, 4);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void readsAFileWhoseLengthIsUnknown() throws IOException {
        Path file = Path.of("/proc/self/status");
        assertThat(Files.size(file)).isZero();
        assertThat(FileAccess.readAtMost(file, 100_000)).hasSizeBetween(500, 100_000);
        assertThat(FileAccess.readAtMost(file, 100)).hasSize(101);
    }
}
