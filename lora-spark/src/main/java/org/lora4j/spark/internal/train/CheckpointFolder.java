package org.lora4j.spark.internal.train;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.spark.internal.base.HadoopFiles;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The states of a training in a folder of any file system of Hadoop. It keeps the last two. Each has the settings of its
 * training and a hash of its rows, so that no other training continues from it.
 */
final class CheckpointFolder {
    private static final String PREFIX = "step-";
    private static final String SUFFIX = ".safetensors";
    private static final String SETTINGS = "lora4j.spark.settings";
    private static final int KEPT = 2;

    private final Path folder;
    private final FileSystem files;
    private final CheckpointSettings settings;

    CheckpointFolder(String folder, Configuration hadoop, CheckpointSettings settings) {
        this.folder = new Path(folder);
        this.settings = settings;
        try {
            files = this.folder.getFileSystem(hadoop);
            files.mkdirs(this.folder);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "checkpointPath: " + folder + " must be a folder that the driver can write, found: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Stores a state as a whole: a crash leaves it or nothing of it. */
    void write(long iteration, Map<String, INDArray> tensors, Map<String, String> metadata) throws IOException {
        Map<String, String> texts = new HashMap<>(metadata);
        texts.put(SETTINGS, settings.text());
        Path target = new Path(folder, PREFIX + String.format(Locale.ROOT, "%012d", iteration) + SUFFIX);
        Path temporary = new Path(folder, "_" + target.getName());
        try (OutputStream out = files.create(temporary, true)) {
            SafeTensors.of(tensors, texts).write(out);
        }
        files.delete(target, false);
        if (!files.rename(temporary, target)) {
            throw new IOException("the checkpoint " + target + " must be renamed from " + temporary + ", which failed");
        }
        List<Path> all = paths();
        for (int i = KEPT; i < all.size(); i++) {
            files.delete(all.get(i), false);
        }
    }

    /** The newest first. */
    private List<Path> paths() throws IOException {
        return Arrays.stream(files.listStatus(folder))
                .map(FileStatus::getPath)
                .filter(path ->
                        path.getName().startsWith(PREFIX) && path.getName().endsWith(SUFFIX))
                .sorted(Comparator.comparing(Path::getName).reversed())
                .toList();
    }

    /**
     * Returns the last state, or nothing if there is none.
     *
     * @throws IllegalStateException if it is that of a training with other settings or rows; the message names what differs
     */
    Optional<SafeTensors> latest() {
        try {
            List<Path> all = paths();
            if (all.isEmpty()) {
                return Optional.empty();
            }
            try (InputStream in = HadoopFiles.open(files, all.get(0))) {
                SafeTensors state = SafeTensors.read(in);
                List<String> differences = settings.differences(
                        CheckpointSettings.parse(state.metadata().getOrDefault(SETTINGS, "")));
                if (!differences.isEmpty()) {
                    throw new IllegalStateException("checkpointPath: " + all.get(0)
                            + " must be a checkpoint of a training with the same settings and rows, found other ones: "
                            + String.join("; ", differences)
                            + "; set another folder, or delete this one to start anew");
                }
                return Optional.of(state);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "checkpointPath: the checkpoints in " + folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Deletes the states, after the training has ended. */
    void clear() {
        try {
            for (Path path : paths()) {
                files.delete(path, false);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "checkpointPath: the checkpoints in " + folder + " cannot be deleted: " + e.getMessage(), e);
        }
    }
}
