package org.lora4j.text.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.train.TrainingState;

/** The files of a job. Those that are replaced are written whole; those that grow lose at most their last line. */
final class JobFolder {
    static final String JOB = "job.json";

    /** The columns of OpenAI's result files. Nothing measures the accuracy of tokens, so its cells are empty. */
    private static final String HEADER = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy";

    /** A newer version may have written more. */
    private static final ObjectMapper MAPPER =
            StrictJson.MAPPER.copy().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final Path path;
    private final EventFile events;

    JobFolder(Path path) {
        this.path = path;
        events = new EventFile(path.resolve("events.jsonl"));
    }

    Path path() {
        return path;
    }

    Path resolve(String name) {
        return path.resolve(name);
    }

    EventFile events() {
        return events;
    }

    Path metrics() {
        return path.resolve("metrics.csv");
    }

    Path adapter() {
        return path.resolve("adapter");
    }

    Path checkpointAdapter(long step) {
        return path.resolve("step-" + step);
    }

    /** The adapter that had the name of this one before. */
    Path previous() {
        return path.resolve("previous");
    }

    private Path state() {
        return path.resolve("checkpoint.safetensors");
    }

    void write(StoredJob job) throws IOException {
        AtomicFile.write(
                path.resolve(JOB), MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(job));
    }

    StoredJob read() throws IOException {
        Path file = path.resolve(JOB);
        try {
            return MAPPER.readValue(Files.readString(file), StoredJob.class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": must be the file of a job, found " + e.getOriginalMessage(), e);
        }
    }

    void writeState(TrainingState state) throws IOException {
        SafeTensors.of(state.tensors(), state.metadata()).write(state());
    }

    /** Returns the last state; null if there is none. */
    @Nullable
    TrainingState readState() throws IOException {
        if (!Files.exists(state())) {
            return null;
        }
        SafeTensors stored = SafeTensors.read(state());
        return TrainingState.of(stored.tensors(), stored.metadata());
    }

    void deleteState() throws IOException {
        Files.deleteIfExists(state());
    }

    /** Adds the row of a step. */
    void addMetrics(long step, double trainLoss, @Nullable Double validLoss) throws IOException {
        String row = step + "," + trainLoss + ",," + (validLoss == null ? "" : validLoss) + ",\n";
        boolean isNew = !Files.exists(metrics());
        append(metrics(), isNew ? HEADER + "\n" + row : row);
    }

    /** Leaves out the rows after a step, which will be computed again, and a last row that is not whole. */
    void cutMetrics(long step) throws IOException {
        if (!Files.exists(metrics())) {
            return;
        }
        List<String> lines = Files.readAllLines(metrics());
        StringBuilder kept = new StringBuilder();
        for (int i = 0; i < Math.min(lines.size(), step + 1); i++) {
            kept.append(lines.get(i)).append('\n');
        }
        AtomicFile.write(metrics(), kept.toString());
    }

    static void append(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        }
    }

    /** Deletes a folder with its files; nothing if there is none. */
    static void deleteAll(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path one : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(one);
            }
        }
    }

    /** Copies the files of a folder without sub-folders. */
    static void copyAll(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path one : files.filter(Files::isRegularFile).toList()) {
                Files.copy(one, to.resolve(String.valueOf(one.getFileName())));
            }
        }
    }
}
