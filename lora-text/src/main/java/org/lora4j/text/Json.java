package org.lora4j.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.FileAccess;

/** Reads the small JSON files of a model folder. Jackson's limits hold for how deep and how long values are. */
final class Json {
    static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** tokenizer_config.json of Llama 3 has 50 kB. */
    private static final int MOST_BYTES = 20_000_000;

    private Json() {}

    static @Nullable String readIfExists(Path file) throws IOException {
        byte[] content;
        try {
            content = FileAccess.readAtMost(file, MOST_BYTES);
        } catch (NoSuchFileException e) {
            return null;
        }
        if (content.length > MOST_BYTES) {
            throw new IOException(file + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        return new String(content, StandardCharsets.UTF_8);
    }

    /**
     * Parses an object.
     *
     * @throws IllegalArgumentException if it is not one; the message names the file
     */
    static ObjectNode object(String name, String content) {
        try {
            if (MAPPER.readTree(content) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(name + ": must be a JSON object, found " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException(name + ": must be a JSON object, found another value");
    }

    /** Describes a value in a message. */
    static String describe(@Nullable JsonNode value) {
        if (value == null || value.isMissingNode()) {
            return "nothing";
        }
        String text = value.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
