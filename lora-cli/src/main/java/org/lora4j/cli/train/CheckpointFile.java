package org.lora4j.cli.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The last checkpoint of a training: {@code checkpoint.safetensors} in the output folder. It has the settings of the training, so
 * that one with other settings does not go on with it, and the losses so far.
 */
public final class CheckpointFile {
    /** The name of the file. */
    public static final String NAME = "checkpoint.safetensors";

    private static final String SETTINGS = "lora.settings";
    private static final String VALIDATIONS = "lora.validations";
    private static final String LOSSES = "lora.losses";
    private final Path file;
    private final Map<String, String> settings = new LinkedHashMap<>();

    /**
     * Names the file.
     *
     * @param folder the output folder
     * @param settings what must be the same when the training goes on
     */
    public CheckpointFile(Path folder, Map<String, ?> settings) {
        file = folder.resolve(NAME);
        settings.forEach((name, value) -> this.settings.put(name, String.valueOf(value)));
    }

    /**
     * A state with the history before it.
     *
     * @param state the state
     * @param history the losses until then
     */
    record Stored(TrainingState state, TrainingHistory history) {}

    /** Replaces the checkpoint. */
    void write(TrainingState state, TrainingHistory history) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>(state.tensors());
        tensors.put(
                LOSSES,
                Nd4j.createFromArray(history.losses().stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray()));
        Map<String, String> metadata = new LinkedHashMap<>(state.metadata());
        metadata.put(SETTINGS, StrictJson.MAPPER.writeValueAsString(settings));
        metadata.put(VALIDATIONS, StrictJson.MAPPER.writeValueAsString(history.validations()));
        SafeTensors.of(tensors, metadata).write(file);
    }

    /**
     * Reads the checkpoint.
     *
     * @throws IOException if there is none, it is damaged, or it is of a training with other settings
     */
    Stored read() throws IOException {
        if (!Files.exists(file)) {
            throw new IOException(file + ": there must be a checkpoint to resume from, found none; leave out --resume");
        }
        SafeTensors stored = SafeTensors.read(file);
        Map<String, String> metadata = stored.metadata();
        try {
            requireSettings(
                    StrictJson.MAPPER.readValue(metadata.getOrDefault(SETTINGS, "{}"), new TypeReference<>() {}));
            Map<Long, Double> validations =
                    StrictJson.MAPPER.readValue(metadata.getOrDefault(VALIDATIONS, "{}"), new TypeReference<>() {});
            Map<String, INDArray> tensors = new HashMap<>(stored.tensors());
            INDArray losses = tensors.remove(LOSSES);
            if (losses == null) {
                throw new IllegalArgumentException("must have " + LOSSES + ", found none");
            }
            return new Stored(
                    TrainingState.of(tensors, metadata),
                    new TrainingHistory(
                            Arrays.stream(losses.toDoubleVector()).boxed().toList(), validations));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private void requireSettings(Map<String, String> before) {
        List<String> different = new ArrayList<>();
        TreeSet<String> names = new TreeSet<>(settings.keySet());
        names.addAll(before.keySet());
        for (String name : names) {
            String old = before.getOrDefault(name, "nothing");
            String now = settings.getOrDefault(name, "nothing");
            if (!old.equals(now)) {
                different.add(name + " " + now + " in place of " + old);
            }
        }
        if (!different.isEmpty()) {
            throw new IllegalArgumentException(
                    "a training goes on with the settings with which it began, found " + String.join(", ", different));
        }
    }

    /**
     * Deletes the checkpoint, after all results are written.
     *
     * @param folder the output folder
     * @throws IOException if it cannot be deleted
     */
    public static void delete(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
    }

    /**
     * Refuses to begin anew where an interrupted training could go on.
     *
     * @param folder the output folder
     * @throws IOException if there is a checkpoint
     */
    public static void requireNone(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (Files.exists(file)) {
            throw new IOException(file + ": there is the checkpoint of an interrupted training; go on with --resume,"
                    + " choose another --output, or begin anew with --overwrite");
        }
    }
}
