package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoreLimits;
import org.lora4j.io.internal.FolderLock;

/**
 * The folder of a server that trains: {@code files} has the files of the clients, {@code jobs} their jobs, and {@code adapters} what these
 * have trained, unless the server has another folder for adapters. One server at a time uses it.
 */
public final class TrainingFolder implements AutoCloseable {
    private static final String LOCK = ".serve.lock";

    private final Path folder;
    private final FolderLock lock;
    private final StoreLimits limits;
    private final FileStore files;

    private TrainingFolder(Path folder, FolderLock lock, StoreLimits limits, FileStore files) {
        this.folder = folder;
        this.lock = lock;
        this.limits = limits;
        this.files = files;
    }

    /**
     * Opens the folder.
     *
     * @param folder the folder, which is created if it is missing
     * @param limits how much it takes
     * @return the folder
     * @throws IOException if it cannot be read, or another server uses it
     */
    public static TrainingFolder open(Path folder, StoreLimits limits) throws IOException {
        Files.createDirectories(folder);
        FolderLock lock = FolderLock.tryTake(folder, LOCK)
                .orElseThrow(() -> new FileSystemException(
                        folder.toString(),
                        null,
                        "one server at a time may use the folder of --train, found another one that does; end it, or"
                                + " give another folder"));
        try {
            FileStore files = FileStore.open(folder.resolve("files"), limits, InstantSource.system());
            return new TrainingFolder(folder, lock, limits, files);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    FileStore files() {
        return files;
    }

    StoreLimits limits() {
        return limits;
    }

    Path jobs() {
        return folder.resolve("jobs");
    }

    /**
     * Returns where adapters are if there is no other folder for them.
     *
     * @return a folder, which is created if it is missing
     * @throws IOException if it cannot be created
     */
    public Path adapters() throws IOException {
        return Files.createDirectories(folder.resolve("adapters"));
    }

    /** Gives up what is being uploaded, and lets another server use the folder. */
    @Override
    public void close() throws IOException {
        try (lock) {
            files.close();
        }
    }
}
