package org.lora4j.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.Network;

/**
 * A base in the file of {@link Network#save}, on its way to the executors: its bytes, or only its path if the file is too
 * large for a broadcast. An executor that has the broadcast of this object creates the network once, for all its tasks.
 */
final class BaseNetwork implements Serializable {
    private static final long serialVersionUID = 1L;

    /** An array of Java has fewer elements than 2³¹; some are left for what serialization adds. */
    private static final long MOST_BYTES = Integer.MAX_VALUE - (1 << 20);

    private final String path;
    private final byte @Nullable [] bytes;
    private final SerializableConfiguration hadoop;
    private final String identity;
    private transient @Nullable Network network;

    private BaseNetwork(String path, byte @Nullable [] bytes, SerializableConfiguration hadoop, String identity) {
        this.path = path;
        this.bytes = bytes;
        this.hadoop = hadoop;
        this.identity = identity;
    }

    /**
     * Reads a file for a broadcast.
     *
     * @param path the file, on any file system of Hadoop
     * @param hadoop the settings of the file systems
     */
    static BaseNetwork read(String path, Configuration hadoop) {
        return read(path, hadoop, MOST_BYTES);
    }

    /** Reads a file for a broadcast if it has no more than some bytes. */
    static BaseNetwork read(String path, Configuration hadoop, long mostBytes) {
        try {
            Path file = new Path(path);
            FileSystem files = file.getFileSystem(hadoop);
            FileStatus status = files.getFileStatus(file);
            SerializableConfiguration settings = new SerializableConfiguration(hadoop);
            if (status.getLen() > mostBytes) {
                String time = status.getLen() + " bytes of time " + status.getModificationTime();
                return new BaseNetwork(path, null, settings, time);
            }
            try (InputStream in = files.open(file)) {
                byte[] bytes = in.readAllBytes();
                CRC32C sum = new CRC32C();
                sum.update(bytes);
                return new BaseNetwork(
                        path, bytes, settings, bytes.length + " bytes of CRC " + Long.toHexString(sum.getValue()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "basePath: " + path + " must be a file of Network.save that the driver can read," + " found: "
                            + e.getMessage(),
                    e);
        }
    }

    /** The network of this process. */
    synchronized Network network() {
        Network loaded = network;
        if (loaded == null) {
            loaded = load();
            network = loaded;
        }
        return loaded;
    }

    private Network load() {
        try {
            Network loaded = Network.fromTensors(bytes != null ? SafeTensors.read(bytes) : readPath());
            if (loaded.takesSequences()) {
                throw new IllegalArgumentException("basePath: " + path
                        + " must be a network that takes rows of features, found one that takes sequences of tokens");
            }
            return loaded;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "basePath: " + path + " must be a file of Network.save that every executor can" + " read, found: "
                            + e.getMessage(),
                    e);
        }
    }

    private SafeTensors readPath() throws IOException {
        Path file = new Path(path);
        try (InputStream in = file.getFileSystem(hadoop.value()).open(file)) {
            return SafeTensors.read(Channels.newChannel(in));
        }
    }

    /** A text that differs for another base: size and checksum of the file, or size and time if it is not read here. */
    String identity() {
        return identity;
    }

    /** Whether the bytes travel. */
    boolean isBroadcast() {
        return bytes != null;
    }
}
