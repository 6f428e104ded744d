package org.lora4j.example.support.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes sure, before any work, that a folder can take the results. */
public final class WritableFolder {
    private WritableFolder() {}

    /**
     * Creates the folder if it does not exist, and writes a temporary file of the size of the results into it. So a folder
     * that is not writable, or has no room, fails before any training.
     *
     * @param folder the folder
     * @param what the results, for the message of the error
     * @param bytes their size
     * @throws IOException if the folder cannot be created, or the file cannot be written
     */
    public static void prepare(Path folder, String what, long bytes) throws IOException {
        try {
            Files.createDirectories(folder);
            tryToWrite(folder, bytes);
        } catch (IOException e) {
            throw new IOException(
                    "the output folder must be writable and have room for %s, %,d bytes; found %s: %s"
                            .formatted(what, bytes, folder, FileErrors.describe(e)),
                    e);
        }
    }

    private static void tryToWrite(Path folder, long bytes) throws IOException {
        Path file = Files.createTempFile(folder, ".writable", null);
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] zeros = new byte[1 << 16];
            for (long left = bytes; left > 0; left -= zeros.length) {
                out.write(zeros, 0, (int) Math.min(left, zeros.length));
            }
        } finally {
            Files.delete(file);
        }
    }
}
