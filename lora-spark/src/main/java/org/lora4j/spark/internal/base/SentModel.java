package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.lora4j.io.ModelSource;

/** The files of an encoder or a decoder on their way to the executors. */
interface SentModel extends Serializable {
    /** The files as this process reads them. */
    ModelSource source() throws IOException;

    /** Whether the bytes of the weights travel. */
    boolean hasWeights();

    /** A text that differs for other contents. */
    String identity();

    /** Whether a path is that of a model, and not of a network. */
    static boolean is(Path path, Configuration hadoop) throws IOException {
        return SentGguf.is(path)
                || path.getFileSystem(hadoop).getFileStatus(path).isDirectory();
    }

    /** Reads a model for a broadcast; only the paths of the weights if they have more than some bytes. */
    static SentModel read(Path path, Configuration hadoop, long mostBytes) throws IOException {
        return SentGguf.is(path) ? SentGguf.read(path, hadoop, mostBytes) : SentFolder.read(path, hadoop, mostBytes);
    }
}
