package org.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void writesANewFile() throws IOException {
        write("file", "new");

        assertThat(folder.resolve("file")).hasContent("new");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void replacesAFile() throws IOException {
        Files.writeString(folder.resolve("file"), "old and longer");

        write("file", "new");

        assertThat(folder.resolve("file")).hasContent("new");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void keepsTheOldFileUntilTheNewOneIsComplete() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");

        AtomicFile.write(file, channel -> {
            channel.write(ascii("new"));
            assertThat(file).hasContent("old");
        });

        assertThat(file).hasContent("new");
    }

    @Test
    void keepsTheOldFileWhenWritingFails() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");

        assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
                    channel.write(ascii("ne"));
                    throw new IOException("disk full");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("disk full");

        assertThat(file).hasContent("old");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void leavesNothingBehindWhenTheContentThrowsAnythingElse() {
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("file"), channel -> {
                    channel.write(ascii("ne"));
                    throw new IllegalStateException("closed array");
                }))
                .isInstanceOf(IllegalStateException.class);

        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void leavesNothingBehindWhenTheFileCannotBePutInPlace() throws IOException {
        Path inTheWay = Files.createDirectories(folder.resolve("file").resolve("inner"));

        assertThatThrownBy(() -> write("file", "new")).isInstanceOf(IOException.class);

        assertThat(inTheWay).isDirectory();
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void refusesAMissingFolder() {
        assertThatThrownBy(() -> write("missing/file", "new")).isInstanceOf(NoSuchFileException.class);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void givesTheFileTheUsualPermissions() throws IOException {
        write("atomic", "x");
        Path plain = Files.writeString(folder.resolve("plain"), "x");

        if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
            assertThat(Files.getPosixFilePermissions(folder.resolve("atomic")))
                    .isEqualTo(Files.getPosixFilePermissions(plain));
        }
    }

    private void write(String name, String content) throws IOException {
        AtomicFile.write(folder.resolve(name), channel -> AtomicFile.writeFully(channel, ascii(content)));
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
