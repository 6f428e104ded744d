package org.lora4j.io.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one writer at a time into a folder, among all threads and processes. The lock is one of the operating system on an
 * empty file in the folder, so a process that is killed releases it. The file stays: deleting it would take it from a writer
 * that waits for it.
 */
public final class FolderLock {
    /** The name of the file. */
    public static final String NAME = ".lora4j.lock";

    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final long PAUSE_MILLIS = 10;

    /** The folders that this process has locked; a lock of the operating system is one of the whole process. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private static final Logger log = LoggerFactory.getLogger(FolderLock.class);

    private final Path folder;
    private final long end;

    /** What is done while the lock is held. */
    @FunctionalInterface
    public interface Action {
        void run() throws IOException;
    }

    private FolderLock(Path folder, Duration longest) {
        this.folder = folder;
        this.end = System.nanoTime() + longest.toNanos();
    }

    /**
     * Waits for the lock of a folder, and does something.
     *
     * @param folder the folder, which must exist
     * @param action what to do
     * @throws IOException if other writers keep the lock for minutes, or the action fails
     */
    public static void hold(Path folder, Action action) throws IOException {
        hold(folder, LONGEST, action);
    }

    static void hold(Path folder, Duration longest, Action action) throws IOException {
        new FolderLock(folder.toRealPath(), longest).hold(action);
    }

    private void hold(Action action) throws IOException {
        while (!HELD.add(folder)) {
            pause();
        }
        Path file = folder.resolve(NAME);
        try {
            FileAccess.requireRegularOrMissing(file);
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                lock(channel);
                action.run();
            }
        } finally {
            HELD.remove(folder);
        }
    }

    /** Asks again and again. FileChannel.lock would wait for ever, and POSIX takes some waits for deadlocks. */
    private void lock(FileChannel channel) throws IOException {
        while (!tryLock(channel)) {
            pause();
        }
    }

    private boolean tryLock(FileChannel channel) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // A copy of this class under another class loader holds it.
        } catch (IOException e) {
            log.warn("{}: the file system has no locks; only one process at a time may save into it", folder, e);
            return true;
        }
    }

    private void pause() throws IOException {
        if (System.nanoTime() - end > 0) {
            throw new IOException(
                    folder + ": one writer at a time may save into a folder, found others all the time; wait"
                            + " until they have finished, or end the process that holds " + NAME);
        }
        try {
            Thread.sleep(1 + ThreadLocalRandom.current().nextLong(PAUSE_MILLIS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(folder + ": interrupted while other writers save into the folder");
        }
    }
}
