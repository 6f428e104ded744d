package org.lora4j.spark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.lora4j.io.FileAccess;

/** Opens files of any file system of Hadoop, which somebody else may have put there. */
final class HadoopFiles {
    /** A longer text file is not one of a model. */
    private static final int MOST_TEXT = 1_000_000;

    private HadoopFiles() {}

    /**
     * Opens a file. On a local file system it must be a regular one: Hadoop would wait for the writer of a pipe, and read a
     * device without end.
     */
    static InputStream open(FileSystem files, Path file) throws IOException {
        if (files instanceof LocalFileSystem local) {
            FileAccess.open(local.pathToFile(file).toPath()).close();
            Path checksum = local.getChecksumFile(file);
            if (local.pathToFile(checksum).exists()) {
                FileAccess.open(local.pathToFile(checksum).toPath()).close();
            }
        }
        return files.open(file);
    }

    /** Reads a text to its end, which must be near. */
    static String text(SentFile file) throws IOException {
        try (InputStream in = file.open()) {
            byte[] bytes = in.readNBytes(MOST_TEXT + 1);
            if (bytes.length > MOST_TEXT) {
                throw new IOException(file + " must have at most " + MOST_TEXT + " bytes, found more");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
