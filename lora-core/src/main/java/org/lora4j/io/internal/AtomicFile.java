package org.lora4j.io.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.lora4j.internal.ForModules;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes files completely or not at all. */
@ForModules
public final class AtomicFile {
    private static final int MOST_LINKS = 40;
    private static final Logger log = LoggerFactory.getLogger(AtomicFile.class);

    /** Writes the content of a file from its first byte on. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a file. The content goes into a temporary file in the same folder, which is forced to the disk and then
     * renamed. An older file of that name keeps its content until then. If anything fails, it keeps it for good, and the
     * temporary file is deleted. Temporary files that killed writers of the same file left are deleted before.
     *
     * <p>A symbolic link stays, and the file that it points to is written. The new file has the permissions of the older
     * one.
     *
     * @param file the file; its folder must exist
     * @param content writes the content
     * @throws NoSuchFileException if the folder does not exist
     * @throws InterruptedIOException if the thread is interrupted; it stays interrupted
     * @throws IOException if there is something else than a regular file, the content cannot be written, or the temporary
     *     file cannot be renamed
     */
    public static void write(Path file, Content content) throws IOException {
        write(file, file, content);
    }

    /** Writes a text in UTF-8 as {@link #write(Path, Content)} writes a content. */
    public static void write(Path file, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        write(file, channel -> writeFully(channel, bytes));
    }

    /** Writes a file as {@link #write(Path, Content)} does, with the permissions of another file if that exists. */
    public static void write(Path file, Path permissionsOf, Content content) throws IOException {
        Path target = followLinks(file.toAbsolutePath());
        FileAccess.requireRegularOrMissing(target);
        Path folder = target.resolveSibling("");
        requireFolder(folder);
        TemporaryFile.deleteAbandoned(target);
        try {
            replace(target, KeptPermissions.of(permissionsOf), content);
        } catch (IOException e) {
            String kept = Files.exists(target) ? "the file that was saved before is intact" : "nothing was saved";
            throw failure(file + ": the file cannot be written (" + reason(e) + "); " + kept, e);
        }
        sync(folder);
    }

    private static void replace(Path target, KeptPermissions permissions, Content content) throws IOException {
        try (TemporaryFile temporary = TemporaryFile.create(target, permissions.whileWriting())) {
            content.writeTo(temporary.channel());
            temporary.channel().force(true);
            temporary.moveTo(target, permissions);
        }
    }

    /**
     * Ends all writing of this process, for the end of a process that was interrupted: its other threads go on until it is gone. The
     * temporary files of all writers are deleted, and the files that they were to replace keep their content; so are the files of
     * {@linkplain FolderLock locks}. A thread that writes a file, or begins to, waits for the end of the process.
     */
    public static void end() {
        TemporaryFile.end();
        FolderLock.deleteAll();
    }

    /** Writes the whole buffer. */
    public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        BufferTransfer.writeFully("file", channel, bytes);
    }

    /** Forces the names in a folder to the disk, if the platform can do that; Windows cannot open folders. */
    public static void sync(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            log.debug("{}: the folder cannot be forced to the disk", folder, e);
        }
    }

    /** The exception for a file that cannot be written or read; of a type of its own if the thread was interrupted. */
    public static IOException failure(String message, IOException cause) {
        return isInterruption(cause)
                ? (IOException) new InterruptedIOException(message).initCause(cause)
                : new IOException(message, cause);
    }

    private static boolean isInterruption(IOException failure) {
        return failure instanceof ClosedByInterruptException
                || failure instanceof FileLockInterruptionException
                || failure instanceof InterruptedIOException;
    }

    /** What went wrong; many messages of file systems are the name of the file alone. */
    public static String reason(IOException failure) {
        if (failure instanceof ClosedByInterruptException) {
            return "the thread was interrupted";
        }
        return failure instanceof FileSystemException e && e.getReason() == null
                ? e.getClass().getSimpleName() + " for " + e.getMessage()
                : String.valueOf(failure.getMessage());
    }

    private static void requireFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new NoSuchFileException(folder.toString(), null, "the folder must exist; create it first");
        }
    }

    private static Path followLinks(Path file) throws IOException {
        Path target = file;
        for (int links = 0; Files.isSymbolicLink(target); links++) {
            if (links == MOST_LINKS) {
                throw new FileSystemLoopException(file.toString());
            }
            target = target.resolveSibling(Files.readSymbolicLink(target));
        }
        return target;
    }
}
