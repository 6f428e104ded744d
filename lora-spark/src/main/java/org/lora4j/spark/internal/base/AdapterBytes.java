package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.conf.Configuration;
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
     * Reads the two files of an adapter, no more than the limits allow.
     *
     * @throws IllegalArgumentException if one of them is missing
     */
    static PeftFiles files(Path folder, Configuration hadoop, ReadOptions options) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
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
