package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.FileState;
import org.lora4j.internal.FolderState;
import org.lora4j.internal.WholeFolder;
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
        return WholeFolder.read(
                folder.toString(), () -> state(files, folder), before -> read(files, folder, options, before));
    }

    /** Some file systems have no time of a folder. */
    private static FolderState state(FileSystem files, Path folder) throws IOException {
        Map<String, FileState> states = new TreeMap<>();
        states.put(CONFIG, state(files.getFileStatus(new Path(folder, CONFIG))));
        states.put(TENSORS, state(files.getFileStatus(new Path(folder, TENSORS))));
        try {
            states.put(TASK, state(files.getFileStatus(new Path(folder, TASK))));
        } catch (FileNotFoundException e) {
            // It is an adapter that says no task.
        }
        return new FolderState(null, states);
    }

    private static FileState state(FileStatus status) {
        return new FileState(status.getLen(), FileTime.fromMillis(status.getModificationTime()), null);
    }

    /** Reads the files. If they are replaced while they are opened, two exchanges would look like none later. */
    private static AdapterBytes read(FileSystem files, Path folder, ReadOptions options, FolderState before)
            throws IOException {
        Path task = new Path(folder, TASK);
        try (InputStream config = HadoopFiles.open(files, new Path(folder, CONFIG));
                InputStream tensors = HadoopFiles.open(files, new Path(folder, TENSORS));
                InputStream json = files.exists(task) ? HadoopFiles.open(files, task) : null) {
            if (!before.equals(state(files, folder))) {
                throw new WholeFolder.ReplacedException(folder.toString());
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
