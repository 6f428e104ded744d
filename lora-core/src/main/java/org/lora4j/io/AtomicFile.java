package org.lora4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writes files completely or not at all. */
final class AtomicFile {
    /** Writes the content of a file from its first byte on. */
    @FunctionalInterface
    interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a file. The content goes into a temporary file in the same folder, which is forced to the disk and then
     * renamed. An older file of that name keeps its content until then. If anything fails, it keeps it for good, and the
     * temporary file is deleted.
     *
     * @param target the file; its folder must exist
     * @param content writes the content
     * @throws IOException if the content cannot be written, or the temporary file cannot be renamed
     */
    static void write(Path target, Content content) throws IOException {
        // Not Files.createTempFile: only the owner could read such a file.
        Path temporary = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            rename(temporary, target);
        } catch (Throwable failure) {
            deleteAfter(failure, temporary);
            throw failure;
        }
    }

    /** Writes the whole buffer. */
    static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        Transfer.writeFully("file", channel, bytes);
    }

    private static void rename(Path temporary, Path target) throws IOException {
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void deleteAfter(Throwable failure, Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
