package org.lora4j.cli.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.internal.FileAccess;

/** A JSON object in a file, which may come from somebody else. */
final class JsonFile {
    private static final int MOST_BYTES = 20_000_000;

    private JsonFile() {}

    /**
     * Reads an object.
     *
     * @throws IOException if there is no such file, it is too long, or it is no JSON object
     */
    static ObjectNode read(Path file) throws IOException {
        byte[] bytes = FileAccess.readAtMost(file, MOST_BYTES);
        if (bytes.length > MOST_BYTES) {
            throw new IOException(file + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        try {
            if (StrictJson.MAPPER.readTree(new String(bytes, StandardCharsets.UTF_8)) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": must be a JSON object, found " + e.getOriginalMessage(), e);
        }
        throw new IOException(file + ": must be a JSON object, found another value");
    }
}
