package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.Network;

/** An adapter in PEFT's form, with fingerprints of its base, to be sent to executors and stored on any file system. */
public final class AdapterBytes implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";
    private static final String TASK = "task.json";
    private static final int MOST_TASK = 16 << 20;

    private static final int ATTEMPTS = 20;

    /** Another program that replaces a folder takes it away for a moment: so many attempts in a row may find none. */
    private static final int MOST_MISSING = 4;

    private static final long PAUSE_MILLIS = 20;

    private final byte[] config;
    private final byte[] tensors;
    private final @Nullable String task;

    private AdapterBytes(byte[] config, byte[] tensors, @Nullable String task) {
        this.config = config;
        this.tensors = tensors;
        this.task = task;
    }

    public static AdapterBytes of(LoRAAdapter adapter, Network base, @Nullable String task) {
        PeftFiles files = PeftFiles.of(adapter, base);
        return new AdapterBytes(files.config(), files.tensors(), task);
    }

    /** What stands in the {@code task.json} of the adapter; null if it has none. */
    public @Nullable String task() {
        return task;
    }

    /**
     * What a stage whose rows all have this adapter says of its encoder.
     *
     * @param stage what its parameters say
     * @throws IllegalArgumentException if a parameter says something else than the adapter
     */
    public EncoderSettings settings(EncoderSettings stage) {
        try {
            return task == null ? stage : RowTexts.settings(stage, task);
        } catch (IOException e) {
            throw new UncheckedIOException("the adapter cannot be read: " + e.getMessage(), e);
        }
    }

    /** Reads {@code task.json} in the folder of an adapter; null if there is none. */
    static @Nullable String task(ModelSource folder) throws IOException {
        if (!folder.has(TASK)) {
            return null;
        }
        try (InputStream in = folder.open(TASK)) {
            return text(in);
        }
    }

    private static String text(InputStream in) throws IOException {
        return new String(in.readNBytes(MOST_TASK), StandardCharsets.UTF_8);
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
    public LoRAAdapter adapter(BaseModel base, ReadOptions options) throws IOException {
        return PeftFiles.read(config, tensors, options).adapter(base);
    }

    public void write(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        files.mkdirs(folder);
        write(files, new Path(folder, CONFIG), config);
        write(files, new Path(folder, TENSORS), tensors);
        if (task == null) {
            files.delete(new Path(folder, TASK), false);
        } else {
            write(files, new Path(folder, TASK), task.getBytes(StandardCharsets.UTF_8));
        }
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
        return require(folder, hadoop, ReadOptions.defaults());
    }

    /**
     * Reads the files of an adapter as they are at one moment, no more than the limits allow.
     *
     * @throws IllegalArgumentException if one of PEFT's files is missing
     */
    static AdapterBytes require(Path folder, Configuration hadoop, ReadOptions options) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        int missing = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            List<FileState> before = FileState.of(files, folder);
            missing = before.isEmpty() ? missing + 1 : 0;
            try {
                // Without files it tells what is missing.
                if (!before.isEmpty() || missing > MOST_MISSING) {
                    AdapterBytes read = read(files, folder, options, before);
                    if (read != null && before.equals(FileState.of(files, folder))) {
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
        private static final FileState NONE = new FileState(-1, -1);

        /** Returns those of the files; none if one of PEFT's is missing now. */
        static List<FileState> of(FileSystem files, Path folder) throws IOException {
            FileState config = ofFile(files, new Path(folder, CONFIG));
            FileState tensors = ofFile(files, new Path(folder, TENSORS));
            return config.equals(NONE) || tensors.equals(NONE)
                    ? List.of()
                    : List.of(config, tensors, ofFile(files, new Path(folder, TASK)));
        }

        private static FileState ofFile(FileSystem files, Path file) throws IOException {
            try {
                FileStatus status = files.getFileStatus(file);
                return new FileState(status.getLen(), status.getModificationTime());
            } catch (FileNotFoundException e) {
                return NONE;
            }
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

    /** Reads the files; null if they are replaced while they are opened. Two exchanges would look like none later. */
    private static @Nullable AdapterBytes read(
            FileSystem files, Path folder, ReadOptions options, List<FileState> before) throws IOException {
        Path task = new Path(folder, TASK);
        try (InputStream config = HadoopFiles.open(files, new Path(folder, CONFIG));
                InputStream tensors = HadoopFiles.open(files, new Path(folder, TENSORS));
                InputStream json = files.exists(task) ? HadoopFiles.open(files, task) : null) {
            if (!before.equals(FileState.of(files, folder))) {
                return null;
            }
            PeftFiles read = PeftFiles.read(config, tensors, options);
            return new AdapterBytes(read.config(), read.tensors(), json == null ? null : text(json));
        } catch (FileNotFoundException | NoSuchFileException e) {
            throw new IllegalArgumentException(
                    "the adapter must have a folder with " + CONFIG + " and " + TENSORS + ", found none: "
                            + e.getMessage() + "; save it to " + folder,
                    e);
        }
    }
}
