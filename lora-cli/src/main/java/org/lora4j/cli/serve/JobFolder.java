package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoreLimits;
import org.lora4j.io.internal.FolderLock;

/** The folder of a server that trains. It has the files of the clients. One server at a time uses it. */
public final class JobFolder implements AutoCloseable {
    private static final String LOCK = ".serve.lock";

    private final FolderLock lock;
    private final StoreLimits limits;
    private final FileStore files;

    private JobFolder(FolderLock lock, StoreLimits limits, FileStore files) {
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
    public static JobFolder open(Path folder, StoreLimits limits) throws IOException {
        Files.createDirectories(folder);
        FolderLock lock = FolderLock.tryTake(folder, LOCK)
                .orElseThrow(() -> new FileSystemException(
                        folder.toString(),
                        null,
                        "one server at a time may use the folder of --train, found another one that does; end it, or"
                                + " give another folder"));
        try {
            return new JobFolder(lock, limits, FileStore.open(folder.resolve("files"), limits, InstantSource.system()));
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    FileStore files() {
        return files;
    }

    void addTo(Router router) {
        new FileEndpoints(files, limits).addTo(router);
    }

    void addTo(ServerMetrics metrics) {
        metrics.gauge("lora.files", "bytes", "Files of clients on the disk, with those that come", files::bytes);
        metrics.gauge("lora.uploads", null, "Files that are being uploaded", files::uploads);
    }

    /** Gives up what is being uploaded, and lets another server use the folder. */
    @Override
    public void close() throws IOException {
        try (lock) {
            files.close();
        }
    }
}
