package org.lora4j.io.internal;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one writer at a time into a folder, among all threads and processes. The lock is one of the operating system on an
 * empty file in the folder, so a process that is killed releases it. The file stays, unless its owner deletes it before it
 * releases the lock.
 */
@ForModules
public final class FolderLock implements Closeable {
    /** The name of the file for those who save an adapter. */
    public static final String NAME = ".lora4j.lock";

    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final long PAUSE_MILLIS = 10;

    /**
     * The files that this process has locked. It must not open them again: on POSIX, closing any channel of a file releases the
     * locks of the whole process.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    /** Those of them whose lock it has. */
    private static final Set<Path> TAKEN = ConcurrentHashMap.newKeySet();

    private static final Logger log = LoggerFactory.getLogger(FolderLock.class);

    private final Path file;
    private final FileChannel channel;

    /** What is done while the lock is held. */
    @FunctionalInterface
    public interface Action {
        void run() throws IOException;
    }

    private FolderLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
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
        try (FolderLock lock = await(folder, System.nanoTime() + longest.toNanos())) {
            log.trace("{} is held", lock.file);
            action.run();
        }
    }

    /** Asks again and again. FileChannel.lock would wait for ever, and POSIX takes some waits for deadlocks. */
    private static FolderLock await(Path folder, long end) throws IOException {
        Optional<FolderLock> lock = tryTake(folder, NAME);
        while (lock.isEmpty()) {
            pause(folder, end);
            lock = tryTake(folder, NAME);
        }
        return lock.get();
    }

    private static void pause(Path folder, long end) throws IOException {
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

    /**
     * Takes the lock of a folder, if it is free, until it is closed.
     *
     * @param folder the folder, which must exist
     * @param name the name of the file, one for each purpose
     * @return empty if another thread or process has it
     * @throws IOException if the file cannot be opened
     */
    public static Optional<FolderLock> tryTake(Path folder, String name) throws IOException {
        Path file = folder.toRealPath().resolve(name);
        if (!HELD.add(file)) {
            return Optional.empty();
        }
        FolderLock taken = null;
        FileChannel channel = null;
        try {
            FileAccess.requireRegularOrMissing(file);
            createIfMissing(file);
            Object before = key(file);
            channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            // Another writer may have deleted the file before it released the lock; then a third one can make a new
            // one.
            if (tryLock(file, channel) && before.equals(key(file))) {
                taken = new FolderLock(file, channel);
                TAKEN.add(file);
            }
            return Optional.ofNullable(taken);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } finally {
            if (taken == null) {
                release(file, channel);
            }
        }
    }

    private static void createIfMissing(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            log.trace("{} is there", file);
        }
    }

    /** What tells a file from another one that takes its name. */
    private static Object key(Path file) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return Objects.requireNonNullElse(attributes.fileKey(), attributes.creationTime());
    }

    private static boolean tryLock(Path file, FileChannel channel) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // A copy of this class under another class loader holds it.
        } catch (IOException e) {
            log.warn("{}: the file system has no locks; only one process at a time may write beside it", file, e);
            return true;
        }
    }

    private static void release(Path file, @Nullable FileChannel channel) throws IOException {
        try {
            if (channel != null) {
                channel.close();
            }
        } finally {
            TAKEN.remove(file);
            HELD.remove(file);
        }
    }

    /**
     * Deletes the file and releases the lock.
     *
     * @throws IOException if the file cannot be deleted; the lock is released in any case
     */
    public void delete() throws IOException {
        try {
            Files.deleteIfExists(file);
        } finally {
            close();
        }
    }

    /** Deletes the files of all locks of this process, which ends. Their owners release them with its end. */
    static void deleteAll() {
        for (Path file : TAKEN) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                log.debug("{}: the file of the lock cannot be deleted", file, e);
            }
        }
    }

    /** Releases the lock. */
    @Override
    public void close() throws IOException {
        release(file, channel);
    }
}
