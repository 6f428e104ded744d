package org.lora4j.io.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
                .hasMessage(
                        file + ": the file cannot be written (disk full); the file that was saved before is intact");

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

    @Test
    void saysThatNothingWasSavedWhenTheFirstWriteFails() {
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("file"), channel -> {
                    throw new IOException("disk full");
                }))
                .hasMessage(folder.resolve("file") + ": the file cannot be written (disk full); nothing was saved");
    }

    @Test
    void refusesToReplaceAFolder() throws IOException {
        Files.createDirectories(folder.resolve("file"));
        assertThatThrownBy(() -> write("file", "new"))
                .hasMessage(folder.resolve("file") + ": must be a regular file or not exist, found a folder");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesToReplaceAPipeBehindALink() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Files.createSymbolicLink(folder.resolve("link"), pipe);
        assertThatThrownBy(() -> write("link", "new"))
                .hasMessage(pipe + ": must be a regular file or not exist, found a device, a pipe or a socket");
    }

    @Test
    void writesTheFileThatALinkPointsTo() throws IOException {
        Files.createDirectories(folder.resolve("elsewhere"));
        Files.writeString(folder.resolve("elsewhere/file"), "old");
        Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere", "file"));
        Files.createSymbolicLink(folder.resolve("link of a link"), folder.resolve("link"));
        Files.createSymbolicLink(folder.resolve("to a new file"), Path.of("elsewhere", "new"));

        write("link of a link", "changed");
        write("to a new file", "new");

        assertThat(folder.resolve("elsewhere/file")).hasContent("changed").isRegularFile();
        assertThat(folder.resolve("elsewhere/new")).hasContent("new");
        assertThat(folder.resolve("link")).isSymbolicLink();
        assertThat(folder.resolve("link of a link")).isSymbolicLink();
        assertThat(folder.resolve("to a new file")).isSymbolicLink();
    }

    @Test
    void refusesLinksThatPointToEachOther() throws IOException {
        Files.createSymbolicLink(folder.resolve("one"), Path.of("other"));
        Files.createSymbolicLink(folder.resolve("other"), Path.of("one"));
        assertThatThrownBy(() -> write("one", "new")).isInstanceOf(FileSystemLoopException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "rwxrwxrwx", "r--r-----"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void keepsThePermissionsOfTheFileThatItReplaces(String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

        AtomicFile.write(file, channel -> {
            channel.write(ascii("new"));
            assertThat(temporaryFiles())
                    .singleElement()
                    .satisfies(temporary -> assertThat(
                                    PosixFilePermissions.toString(Files.getPosixFilePermissions(temporary)))
                            .isIn("rw-------", "rwxr-xr-x", "rw-r-----", "rwxrwxr-x", "rwxrwxrwx"));
        });

        assertThat(file).hasContent("new");
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString(permissions));
    }

    private void write(String name, String content) throws IOException {
        AtomicFile.write(folder.resolve(name), channel -> AtomicFile.writeFully(channel, ascii(content)));
    }

    private List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".tmp")).toList();
        }
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
