package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;

/** A GGUF file on its way to the executors: its bytes, or only its path if it is too large for a broadcast. */
final class SentGguf implements SentModel {
    private static final long serialVersionUID = 1L;

    private static final String EXTENSION = ".gguf";

    private final SentFile file;
    private transient @Nullable GgufSource source;

    private SentGguf(SentFile file) {
        this.file = file;
    }

    /** Whether a path is that of a GGUF file. */
    static boolean is(Path path) {
        return path.getName().endsWith(EXTENSION);
    }

    static SentGguf read(Path path, Configuration hadoop, long mostBytes) throws IOException {
        return new SentGguf(SentFile.read(path, new SerializableConfiguration(hadoop), mostBytes));
    }

    /** A file that is neither sent nor on this machine is copied here, because its parts are not read in their order. */
    @Override
    public synchronized ModelSource source() throws IOException {
        GgufSource opened = source;
        if (opened == null) {
            byte[] bytes = file.bytes();
            opened = bytes != null ? GgufSource.of(file.toString(), bytes) : GgufSource.of(localFile());
            source = opened;
        }
        return opened;
    }

    private java.nio.file.Path localFile() throws IOException {
        java.nio.file.Path local = file.localPath().orElse(null);
        if (local != null) {
            return local;
        }
        java.nio.file.Path copy = Files.createTempFile("lora-base", EXTENSION);
        copy.toFile().deleteOnExit();
        try (InputStream in = file.open()) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
        }
        return copy;
    }

    @Override
    public boolean hasWeights() {
        return file.hasBytes();
    }

    @Override
    public String identity() {
        return file.identity();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
