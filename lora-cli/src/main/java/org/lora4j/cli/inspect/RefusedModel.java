package org.lora4j.cli.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;

/**
 * A model that this library does not compute.
 *
 * @param folder the folder
 * @param family {@code model_type} of its {@code config.json}
 * @param supported false, as {@link ModelInspection#supported} is true
 * @param why the fields that say what is not supported
 */
public record RefusedModel(String folder, String family, boolean supported, String why) {
    private static final int LONGEST_NAME = 100;

    /**
     * Says why a configuration was refused.
     *
     * @param folder the folder of the model
     * @param refusal what the reader of the configuration said
     * @return the model
     * @throws IOException if the configuration cannot be read
     * @throws IllegalArgumentException the refusal, if the file is no configuration of a model
     */
    public static RefusedModel of(Path folder, IllegalArgumentException refusal) throws IOException {
        JsonNode type;
        try (InputStream config = ModelSource.of(folder).open("config.json")) {
            type = StrictJson.MAPPER.readTree(config.readAllBytes()).path("model_type");
        } catch (IOException notJson) {
            throw refusal;
        }
        if (!type.isTextual()) {
            throw refusal;
        }
        return new RefusedModel(
                folder.toString(),
                MessageText.printable(type.textValue(), LONGEST_NAME),
                false,
                String.valueOf(refusal.getMessage()));
    }
}
