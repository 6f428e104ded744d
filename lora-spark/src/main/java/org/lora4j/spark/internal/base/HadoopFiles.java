package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.lora4j.io.internal.FileAccess;

/** Opens files of any file system of Hadoop, which somebody else may have put there. */
public final class HadoopFiles {
    private HadoopFiles() {}

    /**
     * Opens a file. On a local file system it must be a regular one: Hadoop would wait for the writer of a pipe, and read a
     * device without end.
     */
    public static InputStream open(FileSystem files, Path file) throws IOException {
        if (files instanceof LocalFileSystem local) {
            FileAccess.open(local.pathToFile(file).toPath()).close();
            Path checksum = local.getChecksumFile(file);
            if (local.pathToFile(checksum).exists()) {
                FileAccess.open(local.pathToFile(checksum).toPath()).close();
            }
        }
        return files.open(file);
    }
}
