package org.lora4j.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.lora4j.text.Labels;

/**
 * What an adapter is for: {@code task.json} beside it. PEFT's files have no place for the names of classes.
 *
 * @param labels the classes as words, {@code id2label}
 * @param head what the classifier reads of the encoder
 * @param maxTokens where texts are cut; 0 for where the model's folder says
 */
public record TaskFile(Labels labels, Head head, int maxTokens) {
    /** The name of the file. */
    public static final String NAME = "task.json";

    private static final String TASK = "classify";

    /**
     * Reads the file of an adapter.
     *
     * @param folder the folder of the adapter
     * @return what it says; nothing if there is no such file
     * @throws IOException if it cannot be read, or is not what it must be
     */
    public static Optional<TaskFile> read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        ObjectNode json = JsonFile.read(file);
        try {
            if (!json.path("task").asText().equals(TASK)) {
                throw new IllegalArgumentException("task must be '" + TASK + "', found " + json.path("task"));
            }
            Head head = Head.valueOf(json.path("head").asText().toUpperCase(Locale.ROOT));
            Labels labels = Labels.parse(json.toString());
            return Optional.of(
                    new TaskFile(labels, head, json.path("max_tokens").asInt(0)));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": must be a file that 'lora classify' wrote, found: " + e.getMessage(), e);
        }
    }

    /**
     * Deletes the file of an older adapter, where a new one has no task.
     *
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be deleted
     */
    public static void delete(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
    }

    /**
     * Writes the file.
     *
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be written
     */
    public void write(Path folder) throws IOException {
        ObjectNode json = JsonFile.MAPPER.createObjectNode();
        json.put("task", TASK);
        json.put("head", head.name().toLowerCase(Locale.ROOT));
        json.put("max_tokens", maxTokens);
        ModelConfig.write(json, labels);
        Files.writeString(folder.resolve(NAME), json.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }
}
