package org.lora4j.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.text.Labels;

/** {@code config.json} of a model that was written. */
public final class ModelConfig {
    private ModelConfig() {}

    /**
     * Names the classes.
     *
     * @param folder the folder of the model
     * @param labels the classes
     * @throws IOException if the file cannot be read or written
     */
    public static void setLabels(Path folder, Labels labels) throws IOException {
        Path file = folder.resolve("config.json");
        ObjectNode config = JsonFile.read(file);
        write(config, labels);
        Files.writeString(file, config.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }

    static void write(ObjectNode json, Labels labels) {
        ObjectNode names = json.putObject("id2label");
        ObjectNode ids = json.putObject("label2id");
        for (int id = 0; id < labels.count(); id++) {
            names.put(String.valueOf(id), labels.name(id));
            ids.put(labels.name(id), id);
        }
    }
}
