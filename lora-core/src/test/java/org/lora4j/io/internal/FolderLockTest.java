package org.lora4j.io.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;

class FolderLockTest {
    private static final Duration SHORT = Duration.ofMillis(50);

    @TempDir
    private Path folder;

    /** Another process. It prints {@code f} if it finds the lock free and {@code r} if not, then {@code h} when it holds it for ever. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            try {
                FolderLock.hold(folder, SHORT, () -> print('f'));
            } catch (IOException e) {
                print('r');
            }
            FolderLock.hold(folder, () -> {
                print('h');
                System.in.read();
            });
        }

        private static void print(char found) {
            System.out.print(found);
            System.out.flush();
        }
    }

    private static void assertHeld(Path folder) {
        assertThatThrownBy(() -> FolderLock.hold(folder, SHORT, () -> {
                    throw new AssertionError("somebody else holds the lock");
                }))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("one writer at a time may save into a folder, found others all the time")
                .hasMessageContaining(FolderLock.NAME);
    }

    private static void assertFree(Path folder) throws IOException {
        List<String> done = new ArrayList<>();
        FolderLock.hold(folder, SHORT, () -> done.add("held"));
        assertThat(done).containsExactly("held");
    }

    @Test
    void anotherThreadWaitsAlsoThroughALink() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
        FolderLock.hold(
                folder,
                () -> CompletableFuture.runAsync(() -> {
                            assertHeld(folder);
                            assertHeld(link);
                        })
                        .join());
        assertFree(link);
    }

    @Test
    void theLockOfAnotherFolderIsAnother() throws Exception {
        Path other = Files.createDirectories(folder.resolve("other"));
        FolderLock.hold(folder, () -> assertFree(other));
    }

    @Test
    void aLockThatIsTakenIsRefusedAtOnceUntilItIsClosed() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
        FolderLock lock = FolderLock.tryTake(folder, "one.lock").orElseThrow();
        assertThat(FolderLock.tryTake(link, "one.lock")).isEmpty();
        FolderLock.tryTake(folder, "other.lock").orElseThrow().close();
        assertFree(folder);
        lock.close();
        FolderLock.tryTake(link, "one.lock").orElseThrow().delete();
        assertThat(folder.resolve("one.lock")).doesNotExist();
        assertThat(folder.resolve("other.lock")).exists();
        FolderLock.tryTake(folder, "one.lock").orElseThrow().delete();
    }

    @Test
    void anActionThatFailsReleasesTheLock() throws Exception {
        assertThatThrownBy(() -> FolderLock.hold(folder, () -> {
                    throw new IOException("expected");
                }))
                .hasMessage("expected");
        assertFree(folder);
    }

    @Test
    void anotherProcessHoldsTheLockUntilItIsKilled() throws Exception {
        Process holder = startHolder();
        try {
            assertThat(holder.getInputStream().readNBytes(2)).containsExactly('f', 'h');
            assertHeld(folder);
        } finally {
            holder.destroyForcibly().waitFor();
        }
        assertFree(folder);
    }

    /** On POSIX, a thread that opened and closed the file once more would release the lock of the whole process. */
    @Test
    @Tag("slow")
    void aThreadThatGivesUpDoesNotReleaseTheLockOfAnotherOne() throws Exception {
        Process[] holder = new Process[1];
        try {
            FolderLock.hold(folder, () -> {
                CompletableFuture.runAsync(() -> assertHeld(folder)).join();
                holder[0] = startHolder();
                assertThat(holder[0].getInputStream().read()).isEqualTo('r');
            });
            assertThat(holder[0].getInputStream().read()).isEqualTo('h');
        } finally {
            holder[0].destroyForcibly().waitFor();
        }
    }

    private Process startHolder() throws IOException {
        return new ProcessBuilder(JavaCommand.of("-Xmx64m", Holder.class.getName(), folder.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    @Test
    void aThreadThatWaitsCanBeInterrupted() throws Exception {
        FolderLock.hold(
                folder,
                () -> CompletableFuture.runAsync(() -> {
                            Thread.currentThread().interrupt();
                            assertThatThrownBy(() -> FolderLock.hold(folder, () -> {}))
                                    .isInstanceOf(InterruptedIOException.class);
                            assertThat(Thread.interrupted()).isTrue();
                        })
                        .join());
    }

    @Test
    void refusesAFolderInThePlaceOfTheFile() throws Exception {
        Files.createDirectories(folder.resolve(FolderLock.NAME));
        assertThatThrownBy(() -> FolderLock.hold(folder, () -> {}))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining(FolderLock.NAME + ": must be a regular file or not exist, found a folder");
    }
}
