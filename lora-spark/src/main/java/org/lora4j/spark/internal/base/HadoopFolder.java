package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.lora4j.io.ModelSource;

/** The folder of a model on any file system of Hadoop. */
final class HadoopFolder implements ModelSource {
    private final FileSystem files;
    private final Path folder;

    HadoopFolder(Path folder, Configuration hadoop) throws IOException {
        this.folder = folder;
        files = folder.getFileSystem(hadoop);
    }

    Path file(String name) {
        return new Path(folder, name);
    }

    @Override
    public String name() {
        return folder.getName();
    }

    @Override
    public String describe(String file) {
        return file(file).toString();
    }

    @Override
    public boolean has(String file) throws IOException {
        return files.exists(file(file));
    }

    @Override
    public InputStream open(String file) throws IOException {
        if (!has(file)) {
            throw new NoSuchFileException(describe(file));
        }
        return HadoopFiles.open(files, file(file));
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
