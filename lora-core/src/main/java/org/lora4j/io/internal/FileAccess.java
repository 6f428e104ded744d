package org.lora4j.io.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.NativeCache;

/**
 * Opens files that somebody else may have put there. A file must be a regular one, directly or behind symbolic links:
 * opening a pipe would wait for its writer, and a device such as {@code /dev/zero} has no end.
 */
@ForModules
public final class FileAccess {
    private FileAccess() {}

    /**
     * Opens a file for reading.
     *
     * @param file the file
     * @return a channel, which the caller closes
     * @throws NoSuchFileException if there is no file
     * @throws FileSystemException if it is not a regular file
     * @throws IOException if it cannot be opened
     */
    public static FileChannel open(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw refusal(file, "must be a regular file", attributes);
        }
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /**
     * Reads a file up to a limit, whatever its length is said to be.
     *
     * @param file the file
     * @param most the most bytes
     * @return the bytes of the file, or {@code most + 1} bytes of it if it is longer
     * @throws IOException as for {@link #open}
     */
    public static byte[] readAtMost(Path file, int most) throws IOException {
        try (InputStream in = Channels.newInputStream(open(file))) {
            return in.readNBytes(most + 1);
        }
    }

    /**
     * Refuses a folder of native libraries that other users can write to.
     *
     * @param folder the folder; it need not exist
     * @param setting what the user can set to choose another one
     * @throws IOException if the folder, or one above it, belongs to another user, or all users can write to it
     */
    public static void requirePrivate(Path folder, String setting) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(setting, "setting must not be null");
        try {
            NativeCache.requireOwn(folder, setting);
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Checks that a file can be written or replaced: there must be a regular file or nothing.
     *
     * @param file the file
     * @throws FileSystemException if there is a folder, a device, a pipe or the like
     * @throws IOException if this cannot be found out
     */
    static void requireRegularOrMissing(Path file) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                throw refusal(file, "must be a regular file or not exist", attributes);
            }
        } catch (NoSuchFileException e) {
            // It can be created.
        }
    }

    private static FileSystemException refusal(Path file, String rule, BasicFileAttributes attributes) {
        String found = attributes.isDirectory() ? "a folder" : "a device, a pipe or a socket";
        return new FileSystemException(file.toString(), null, rule + ", found " + found);
    }
}
