package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.Network;

/** An adapter in PEFT's form, with fingerprints of its base, to be sent to executors and stored on any file system. */
public final class AdapterBytes implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";

    private static final int ATTEMPTS = 20;

    /** Another program that replaces a folder takes it away for a moment. */
    private static final int MOST_MISSING = 4;

    private static final long PAUSE_MILLIS = 20;

    private final byte[] config;
    private final byte[] tensors;

    private AdapterBytes(byte[] config, byte[] tensors) {
        this.config = config;
        this.tensors = tensors;
    }

    public static AdapterBytes of(LoRAAdapter adapter, Network base) {
        PeftFiles files = PeftFiles.of(adapter, base);
        return new AdapterBytes(files.config(), files.tensors());
    }

    /** Reads an adapter without its base. */
    public LoRAAdapter adapter() {
        try {
            return PeftFiles.read(config, tensors).adapter();
        } catch (IOException e) {
            throw new UncheckedIOException("the adapter cannot be read: " + e.getMessage(), e);
        }
    }

    /** Reads an adapter for its base. */
    public LoRAAdapter adapter(Network base, FingerprintCheck check) {
        try {
            return PeftFiles.read(config, tensors, ReadOptions.of(check)).adapter(base);
        } catch (IOException e) {
            throw new UncheckedIOException("the adapter cannot be used with this base: " + e.getMessage(), e);
        }
    }

    public void write(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        files.mkdirs(folder);
        write(files, new Path(folder, CONFIG), config);
        write(files, new Path(folder, TENSORS), tensors);
    }

    private static void write(FileSystem files, Path file, byte[] bytes) throws IOException {
        try (OutputStream out = files.create(file, true)) {
            out.write(bytes);
        }
    }

    /** Reads the adapter of a folder, or nothing if the folder does not exist. */
    public static @Nullable AdapterBytes read(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        if (!files.exists(folder)) {
            return null;
        }
        return require(folder, hadoop);
    }

    /**
     * Reads the adapter of a folder.
     *
     * @throws IllegalArgumentException if a file of it is missing
     */
    public static AdapterBytes require(Path folder, Configuration hadoop) throws IOException {
        PeftFiles files = files(folder, hadoop, ReadOptions.defaults());
        return new AdapterBytes(files.config(), files.tensors());
    }

    /**
     * Reads the two files of an adapter as they are at one moment, no more than the limits allow.
     *
     * @throws IllegalArgumentException if one of them is missing
     */
    static PeftFiles files(Path folder, Configuration hadoop, ReadOptions options) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        int missing = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            List<FileState> before = FileState.of(files, folder);
            missing += before.isEmpty() ? 1 : 0;
            if (missing > MOST_MISSING) {
                // This tells what is missing.
                return read(files, folder, options);
            }
            try {
                if (!before.isEmpty()) {
                    PeftFiles read = read(files, folder, options);
                    if (before.equals(FileState.of(files, folder))) {
                        return read;
                    }
                }
            } catch (IOException | IllegalArgumentException e) {
                if (before.equals(FileState.of(files, folder))) {
                    throw e;
                }
            }
            pause(folder);
        }
        throw new IOException(
                folder + ": the adapter must not be replaced all the time while it is read, found changes in"
                        + " each of " + ATTEMPTS + " attempts");
    }

    /** What is compared of a file, to see whether it was replaced. */
    private record FileState(long length, long modified) {
        /** Returns those of both files; none if one of them is missing now. */
        static List<FileState> of(FileSystem files, Path folder) throws IOException {
            try {
                return List.of(
                        of(files.getFileStatus(new Path(folder, CONFIG))),
                        of(files.getFileStatus(new Path(folder, TENSORS))));
            } catch (FileNotFoundException e) {
                return List.of();
            }
        }

        private static FileState of(FileStatus status) {
            return new FileState(status.getLen(), status.getModificationTime());
        }
    }

    private static void pause(Path folder) throws IOException {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(folder + ": interrupted while the adapter is read");
        }
    }

    private static PeftFiles read(FileSystem files, Path folder, ReadOptions options) throws IOException {
        try (InputStream config = HadoopFiles.open(files, new Path(folder, CONFIG));
                InputStream tensors = HadoopFiles.open(files, new Path(folder, TENSORS))) {
            return PeftFiles.read(config, tensors, options);
        } catch (FileNotFoundException | NoSuchFileException e) {
            throw new IllegalArgumentException(
                    "the adapter must have a folder with " + CONFIG + " and " + TENSORS + ", found none: "
                            + e.getMessage() + "; save it to " + folder,
                    e);
        }
    }
}
