package org.lora4j.io.internal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is written beside its target and then takes its place. Its name is {@code <target>.<UUID>.tmp}. The writer
 * holds a lock on it, which the operating system releases when the process ends. So a temporary file without a lock was left
 * by a process that was killed, and the next writer of the same target deletes it.
 */
final class TemporaryFile implements Closeable {
    private static final String SUFFIX = ".tmp";
    private static final Pattern UNIQUE_PART = Pattern.compile("\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp");
    private static final int ATTEMPTS = 10;

    /**
     * The names of the files that this process writes. It must not open them a second time: on POSIX, closing any channel
     * of a file releases the locks of the whole process.
     */
    private static final Set<String> OWN = ConcurrentHashMap.newKeySet();

    /** The files that this process writes now. */
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    /** Held for reading while a file is created or takes its place. Who has it for writing lets nobody do so. */
    private static final ReadWriteLock NAMES = new ReentrantReadWriteLock();

    private static final Logger log = LoggerFactory.getLogger(TemporaryFile.class);

    private final Path path;
    private final FileChannel channel;

    private TemporaryFile(Path path, FileAttribute<?>... attributes) throws IOException {
        this.path = path;
        NAMES.readLock().lock();
        try {
            OWN.add(name(path));
            OPEN.add(path);
            channel =
                    FileChannel.open(path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes);
        } catch (Throwable failure) {
            forget(path);
            throw failure;
        } finally {
            NAMES.readLock().unlock();
        }
    }

    /**
     * Creates an empty temporary file.
     *
     * @param target the file whose place it will take; its folder must exist
     * @param attributes the attributes with which the file is created
     */
    static TemporaryFile create(Path target, FileAttribute<?>... attributes) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            // Not Files.createTempFile: only the owner could read such a file.
            TemporaryFile file = new TemporaryFile(
                    target.resolveSibling(name(target) + "." + UUID.randomUUID() + SUFFIX), attributes);
            if (file.lock()) {
                return file;
            }
            file.close();
        }
        throw new IOException(
                target + ": a temporary file beside it must stay there, found it deleted by another process in"
                        + " each of " + ATTEMPTS + " attempts");
    }

    /** Locks the new file. Returns false if another process deletes it, because it was not locked yet. */
    private boolean lock() throws IOException {
        try {
            if (channel.tryLock() == null) {
                return false;
            }
        } catch (IOException e) {
            log.debug(
                    "{}: the file system has no locks, so nobody deletes the file if this process is killed", path, e);
            return true;
        }
        return Files.exists(path);
    }

    /** The channel that writes the file. */
    FileChannel channel() {
        return channel;
    }

    /**
     * Renames the file to its target. The file stays locked, so that nobody deletes it before.
     *
     * @param permissions what the file gets before
     * @throws IOException if the file cannot be renamed
     */
    void moveTo(Path target, KeptPermissions permissions) throws IOException {
        NAMES.readLock().lock();
        try {
            permissions.apply(path);
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(path, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            NAMES.readLock().unlock();
        }
    }

    /** Closes the file, and deletes it if it was not moved. */
    @Override
    public void close() throws IOException {
        try (channel) {
            Files.deleteIfExists(path);
        } finally {
            forget(path);
        }
    }

    private static void forget(Path path) {
        OWN.remove(name(path));
        OPEN.remove(path);
    }

    /** Lets no writer of this process begin or finish from now on: it waits for the end of the process. Then deletes its files. */
    static void end() {
        NAMES.writeLock().lock();
        for (Path path : OPEN) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                log.debug("{}: the temporary file cannot be deleted", path, e);
            }
        }
    }

    /** Deletes the temporary files of a target whose writers are dead, as far as this is possible. */
    static void deleteAbandoned(Path target) {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(target.resolveSibling(""), path -> isTemporary(path, target))) {
            for (Path path : files) {
                if (!OWN.contains(name(path))) {
                    deleteIfAbandoned(path);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            log.debug("{}: temporary files beside it cannot be listed", target, e);
        }
    }

    private static boolean isTemporary(Path path, Path target) {
        String name = name(path);
        return name.startsWith(name(target))
                && UNIQUE_PART.matcher(name.substring(name(target).length())).matches()
                && Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static void deleteIfAbandoned(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            if (lock != null) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | OverlappingFileLockException e) {
            log.debug("{}: the temporary file cannot be deleted", path, e);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
