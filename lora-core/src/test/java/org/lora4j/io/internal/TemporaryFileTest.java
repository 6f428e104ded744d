package org.lora4j.io.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;

class TemporaryFileTest {
    private static final String UUID = "2b1c3a4d-0000-4abc-8def-0123456789ab";

    @TempDir
    private Path folder;

    /** Another process that writes a temporary file for ever. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) throws Exception {
            AtomicFile.write(Path.of(args[0]), channel -> {
                channel.write(ByteBuffer.wrap(new byte[3]));
                System.out.print('.');
                System.out.flush();
                System.in.read();
            });
        }
    }

    /** Another process, two threads of which write one file after the other, also while it ends. */
    static final class EndingWriter {
        private static final int BYTES = 1 << 20;
        private static final int WHILE_IT_ENDS_MILLIS = 300;

        private EndingWriter() {}

        public static void main(String[] args) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                AtomicFile.end();
                try {
                    Thread.sleep(WHILE_IT_ENDS_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            for (String file : args) {
                new Thread(() -> writeWithoutEnd(Path.of(file))).start();
            }
        }

        private static void writeWithoutEnd(Path file) {
            try {
                while (true) {
                    AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(new byte[BYTES])));
                    System.out.print('.');
                    System.out.flush();
                }
            } catch (IOException e) {
                System.err.println(e);
            }
        }
    }

    private void write(String name) throws IOException {
        AtomicFile.write(folder.resolve(name), channel -> channel.write(ByteBuffer.wrap(new byte[1])));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theNextWriterDeletesWhatAKilledOneLeft() throws Exception {
        Files.writeString(folder.resolve("file." + UUID + ".tmp"), "left");
        write("file");
        assertThat(files()).containsExactly("file");
    }

    @Test
    void leavesTheFilesOfOthers() throws Exception {
        List<String> others = List.of(
                "a file." + UUID + ".tmp",
                "file.2." + UUID + ".tmp",
                "file." + UUID,
                "file." + UUID + ".tmp.bak",
                "file.tmp",
                "other." + UUID + ".tmp");
        for (String other : others) {
            Files.writeString(folder.resolve(other), "mine");
        }
        Files.createDirectories(folder.resolve("file." + UUID.replace('2', '3') + ".tmp"));
        write("file");
        assertThat(files()).hasSize(others.size() + 2).containsAll(others).contains("file");
    }

    @Test
    void leavesWhatAnotherThreadWrites() throws Exception {
        AtomicFile.write(folder.resolve("file"), channel -> {
            channel.write(ByteBuffer.wrap(new byte[2]));
            write("file");
            assertThat(folder.resolve("file")).hasSize(1);
            assertThat(files()).hasSize(2);
        });
        assertThat(folder.resolve("file")).hasSize(2);
        assertThat(files()).containsExactly("file");
    }

    private Process startWriter() throws IOException {
        return new ProcessBuilder(program(Writer.class, "file"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private List<String> program(Class<?> program, String... names) {
        List<String> words = JavaCommand.of("-Xmx64m", program.getName());
        for (String name : names) {
            words.add(folder.resolve(name).toString());
        }
        return words;
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aProcessThatEndsByItselfLeavesNone() throws Exception {
        Path errors = Files.createTempFile("errors", ".txt");
        Process writer = new ProcessBuilder(program(EndingWriter.class, "a", "b"))
                .redirectError(errors.toFile())
                .start();
        try {
            for (int i = 0; i < 4; i++) {
                assertThat(writer.getInputStream().read()).isEqualTo('.');
            }
            // Its streams stay open.
            assertThat(writer.toHandle().destroy()).isTrue();
            assertThat(new String(writer.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .matches("\\.*");
            assertThat(writer.waitFor()).isEqualTo(128 + 15);
            assertThat(files()).isSubsetOf("a", "b").isNotEmpty();
            // Nobody sees that a file was taken away.
            assertThat(errors).isEmptyFile();
        } finally {
            writer.destroyForcibly();
            Files.delete(errors);
        }
    }

    /** On POSIX, a thread that opened and closed the file once more would release its lock. */
    @Test
    void aSecondThreadDoesNotReleaseTheLockOfTheFirst() throws Exception {
        AtomicFile.write(folder.resolve("file"), channel -> {
            channel.write(ByteBuffer.wrap(new byte[2]));
            write("file");
            Process writer = startWriter(); // It looks for temporary files before it writes.
            try {
                assertThat(writer.getInputStream().read()).isEqualTo('.');
            } finally {
                writer.destroyForcibly();
            }
        });
        assertThat(folder.resolve("file")).hasSize(2);
    }

    @Test
    void leavesWhatAnotherProcessWritesUntilItIsKilled() throws Exception {
        Process writer = startWriter();
        try {
            assertThat(writer.getInputStream().read()).isEqualTo('.');
            write("file");
            assertThat(files()).hasSize(2);
        } finally {
            writer.destroyForcibly().waitFor();
        }
        assertThat(files()).hasSize(2);
        write("file");
        assertThat(files()).containsExactly("file");
    }

    @Test
    void theLockStaysWhileTheFileIsRenamed() throws Exception {
        Path target = folder.resolve("file");
        try (TemporaryFile file = TemporaryFile.create(target)) {
            file.moveTo(target, KeptPermissions.of(target));
            assertThat(file.channel().isOpen()).isTrue();
            assertThat(target).exists();
        }
        assertThat(files()).containsExactly("file");
        try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
            assertThat(channel.tryLock()).isNotNull();
        }
    }
}
