package org.lora4j.text.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.io.internal.AtomicFile;

/** Reads and writes the small JSON files of a model folder. Jackson's limits hold for how deep and how long values are. */
public final class Json {
    /** tokenizer_config.json of Llama 3 has 50 kB. */
    private static final int MOST_BYTES = 20_000_000;

    private Json() {}

    /** Reads the text of a file; null if there is none. */
    public static @Nullable String textIfExists(ModelSource source, String file) throws IOException {
        if (!source.has(file)) {
            return null;
        }
        try (InputStream in = source.open(file)) {
            byte[] content = in.readNBytes(MOST_BYTES + 1);
            if (content.length > MOST_BYTES) {
                throw new IOException(
                        source.describe(file) + ": must have at most " + MOST_BYTES + " bytes, found more");
            }
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    /**
     * Reads the object of a file; null if there is no file.
     *
     * @throws IllegalArgumentException if it is not an object; the message names the file
     */
    public static @Nullable ObjectNode readIfExists(ModelSource source, String file) throws IOException {
        String text = textIfExists(source, file);
        return text == null ? null : object(file, text);
    }

    /**
     * Parses an object.
     *
     * @throws IllegalArgumentException if it is not one; the message names the file
     */
    public static ObjectNode object(String name, String content) {
        try {
            if (StrictJson.MAPPER.readTree(content) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(name + ": must be a JSON object, found " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException(name + ": must be a JSON object, found another value");
    }

    /** Writes an object as a file, of which no reader sees a part. */
    public static void write(Path file, ObjectNode json) throws IOException {
        AtomicFile.write(file, json.toPrettyString() + "\n");
    }

    /** Returns the values of an object: texts, numbers, booleans, null, lists and maps. */
    @SuppressWarnings("unchecked") // what Jackson makes of an object
    public static Map<String, Object> map(ObjectNode object) {
        return StrictJson.MAPPER.convertValue(object, LinkedHashMap.class);
    }

    /** Describes a value in a message. */
    public static String describe(@Nullable JsonNode value) {
        if (value == null || value.isMissingNode()) {
            return "nothing";
        }
        String text = value.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
