package org.lora4j.spark.internal.base;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.safetensors.SafeTensors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file on its way to the executors: its bytes, or only its path if it is too large for a broadcast. */
public final class SentFile implements Serializable {
    private static final long serialVersionUID = 1L;

    /** An array of Java has fewer elements than 2³¹; some are left for what serialization adds. */
    public static final long MOST_BYTES = Integer.MAX_VALUE - (1 << 20);

    private static final Logger log = LoggerFactory.getLogger(SentFile.class);

    private final String path;
    private final byte @Nullable [] bytes;
    private final SerializableConfiguration hadoop;
    private final String identity;

    private SentFile(String path, byte @Nullable [] bytes, SerializableConfiguration hadoop, String identity) {
        this.path = path;
        this.bytes = bytes;
        this.hadoop = hadoop;
        this.identity = identity;
    }

    /** Reads a file if it has no more than some bytes. */
    static SentFile read(Path file, SerializableConfiguration hadoop, long mostBytes) throws IOException {
        FileSystem files = file.getFileSystem(hadoop.value());
        FileStatus status = files.getFileStatus(file);
        if (status.getLen() > mostBytes) {
            log.info(
                    "{} has {} bytes, and at most {} can be sent with the memory of driver and executors; each executor"
                            + " reads it from this path",
                    file,
                    status.getLen(),
                    mostBytes);
            String time = status.getLen() + " bytes of time " + status.getModificationTime();
            return new SentFile(file.toString(), null, hadoop, time);
        }
        try (InputStream in = HadoopFiles.open(files, file)) {
            byte[] bytes = in.readNBytes((int) mostBytes);
            CRC32C sum = new CRC32C();
            sum.update(bytes);
            String content = bytes.length + " bytes of CRC " + Long.toHexString(sum.getValue());
            return new SentFile(file.toString(), bytes, hadoop, content);
        }
    }

    /** The content, if it travels. */
    byte @Nullable [] bytes() {
        return bytes;
    }

    InputStream open() throws IOException {
        if (bytes != null) {
            return new ByteArrayInputStream(bytes);
        }
        Path file = new Path(path);
        return HadoopFiles.open(file.getFileSystem(hadoop.value()), file);
    }

    /** The file of this machine that is read, if its bytes do not travel. */
    Optional<java.nio.file.Path> localPath() {
        if (bytes != null) {
            return Optional.empty();
        }
        Path file = new Path(path);
        try {
            return file.getFileSystem(hadoop.value()) instanceof LocalFileSystem local
                    ? Optional.of(local.pathToFile(file).toPath())
                    : Optional.empty();
        } catch (IOException e) {
            // Opening the file fails in the same way, and says why.
            return Optional.empty();
        }
    }

    SafeTensors tensors() throws IOException {
        if (bytes != null) {
            return SafeTensors.read(bytes);
        }
        try (InputStream in = open()) {
            return SafeTensors.read(in);
        }
    }

    /** A text that differs for another content: size and checksum, or size and time if the file is not read here. */
    String identity() {
        return identity;
    }

    @Override
    public String toString() {
        return path;
    }

    /** Whether the bytes travel. */
    boolean hasBytes() {
        return bytes != null;
    }
}
