package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.internal.FolderState;
import org.lora4j.internal.WholeFolder;

/** Several files of an adapter, as they are at one moment. */
@MustEnd
class WholeFolderTest {
    private static final String TASK = "task.json";
    private static final String TENSORS = "adapter_model.safetensors";

    @TempDir
    private Path parent;

    private Path write(String name, String content) throws IOException {
        Path folder = Files.createDirectories(parent.resolve(name));
        Files.writeString(folder.resolve(TASK), content);
        Files.writeString(folder.resolve(TENSORS), content);
        return folder;
    }

    private static void replace(Path folder, String file, String content) throws IOException {
        Path next = folder.resolveSibling("next-" + file);
        Files.writeString(next, content);
        Files.move(next, folder.resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String both(Path folder) throws IOException {
        return Files.readString(folder.resolve(TASK)) + Files.readString(folder.resolve(TENSORS));
    }

    @Test
    void filesThatAreReplacedMeanwhileAreReadAgain() throws IOException {
        Path folder = write("a", "1");
        AtomicInteger calls = new AtomicInteger();
        String read = PeftAdapters.readWhole(folder, () -> {
            String task = Files.readString(folder.resolve(TASK));
            if (calls.incrementAndGet() == 1) {
                replace(folder, TASK, "2");
                replace(folder, TENSORS, "2");
            }
            return task + Files.readString(folder.resolve(TENSORS));
        });
        assertThat(read).isEqualTo("22");
        assertThat(calls).hasValue(2);
    }

    @Test
    void aFailureCountsOnlyIfNothingWasReplaced() throws IOException {
        Path folder = write("a", "1");
        AtomicInteger calls = new AtomicInteger();
        assertThat(PeftAdapters.<String>readWhole(folder, () -> {
                    switch (calls.incrementAndGet()) {
                        case 1 -> {
                            replace(folder, TASK, "2");
                            throw new IOException("the files do not belong together");
                        }
                        case 2 -> {
                            replace(folder, TENSORS, "2");
                            throw new IllegalArgumentException("the files do not belong together");
                        }
                        default -> {
                            return both(folder);
                        }
                    }
                }))
                .isEqualTo("22");
        assertThatIOException()
                .isThrownBy(() -> PeftAdapters.readWhole(folder, () -> {
                    throw new IOException("damaged");
                }))
                .withMessage("damaged");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PeftAdapters.readWhole(folder, () -> {
                    throw new IllegalArgumentException("refused");
                }))
                .withMessage("refused");
    }

    @Test
    void filesThatAreReplacedAllTheTimeAreRefused() throws IOException {
        Path folder = write("a", "1");
        AtomicInteger calls = new AtomicInteger();
        assertThatIOException()
                .isThrownBy(() -> PeftAdapters.readWhole(folder, () -> {
                    replace(folder, TASK, String.valueOf(calls.incrementAndGet()));
                    return both(folder);
                }))
                .withMessageContaining("a: the adapter must not be replaced all the time while it is read");
    }

    /** A service that puts another adapter in the place of one may stop between its two renamings. */
    @Test
    void aFolderThatIsExchangedIsWaitedFor() throws Exception {
        Path folder = write("a", "1");
        Path next = write("next", "2");
        Path gone = parent.resolve(".a.gone");
        Files.move(folder, gone);
        Thread writer = new Thread(() -> {
            try {
                Thread.sleep(400);
                Files.move(next, folder);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        writer.start();
        assertThat(PeftAdapters.<String>readWhole(folder, () -> both(folder))).isEqualTo("22");
        writer.join();

        // A killed process never comes back.
        Files.move(folder, parent.resolve("other"));
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> PeftAdapters.readWhole(folder, () -> both(folder)));
    }

    @Test
    void aFolderThatComesBetweenTwoLooksIsRead() throws Exception {
        Path folder = parent.resolve("a");
        Path next = write("next", "2");
        WholeFolder.States states = new WholeFolder.States() {
            @Override
            public FolderState now() throws IOException {
                return FolderState.of(folder);
            }

            /** The other folder is there when it is asked whether one will come. */
            @Override
            public boolean isExchanged() {
                try {
                    Files.move(next, folder);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return false;
            }
        };
        String found = WholeFolder.read("a", states, before -> {
            if (!before.equals(FolderState.of(folder))) {
                throw new WholeFolder.ReplacedException("a");
            }
            return both(folder);
        });
        assertThat(found).isEqualTo("22");
    }

    /** A writer on a busy machine may stop between its files for longer than it takes to read them. */
    @Test
    void aFileThatStayedWhenAnotherOneWasReplacedIsWaitedFor() throws Exception {
        Path folder = write("a", "1");
        FileTime old = FileTime.from(Instant.now().minusSeconds(5));
        Files.setLastModifiedTime(folder.resolve(TASK), old);
        Files.setLastModifiedTime(folder.resolve(TENSORS), old);
        replace(folder, TASK, "2");
        Thread writer = new Thread(() -> {
            try {
                Thread.sleep(100);
                replace(folder, TENSORS, "2");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        writer.start();
        assertThat(PeftAdapters.<String>readWhole(folder, () -> both(folder))).isEqualTo("22");
        writer.join();
        // A folder in which only one file is replaced can be read too.
        Files.setLastModifiedTime(folder.resolve(TASK), old);
        assertThat(PeftAdapters.<String>readWhole(folder, () -> both(folder))).isEqualTo("22");
    }

    @Test
    void aMissingFolderIsToldByTheReading() {
        Path folder = parent.resolve("none");
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> PeftAdapters.readWhole(folder, () -> both(folder)));
    }

    /** Each rename leaves a moment without the folder. */
    @Test
    void foldersThatAreExchangedByRenamesAreNeverMixed() throws Exception {
        Path live = write("live", "1");
        Path other = write("other", "2");
        AtomicBoolean isOver = new AtomicBoolean();
        Thread exchanging = new Thread(() -> {
            try {
                while (!isOver.get()) {
                    Files.move(live, parent.resolve("old"));
                    Files.move(other, live);
                    Files.move(parent.resolve("old"), other);
                    Thread.sleep(30);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        exchanging.start();
        try {
            for (int i = 0; i < 40; i++) {
                assertThat(PeftAdapters.<String>readWhole(live, () -> {
                            String task = Files.readString(live.resolve(TASK));
                            return task + Files.readString(live.resolve(TENSORS));
                        }))
                        .isIn("11", "22");
            }
        } finally {
            isOver.set(true);
            exchanging.join();
        }
    }
}
