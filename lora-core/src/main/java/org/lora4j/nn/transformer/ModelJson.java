package org.lora4j.nn.transformer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ModelSource;

/** Reads the JSON files of a model, which may come from strangers. */
final class ModelJson {
    /** A longer file is not one of a model. */
    private static final int MOST_BYTES = 1_000_000;

    // The names are untrusted: they are neither interned nor hashed into a table that all parsers share.
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private ModelJson() {}

    /**
     * Reads the text of a file.
     *
     * @throws IllegalArgumentException if it is too long or no UTF-8
     * @throws IOException if it cannot be read, or is a folder, a device, a pipe or the like
     */
    static String read(ModelSource source, String file) throws IOException {
        byte[] bytes;
        try (InputStream in = source.open(file)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        }
        if (bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException(
                    source.describe(file) + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(source.describe(file) + ": must be text in UTF-8, found other bytes", e);
        }
    }

    /** Reads the text of a file, or null if there is none. */
    static @Nullable String readIfExists(ModelSource source, String file) throws IOException {
        return source.has(file) ? read(source, file) : null;
    }

    /**
     * Parses a text.
     *
     * @param file the name of the file, for messages
     * @throws IllegalArgumentException if it is no JSON
     */
    static JsonNode parse(String file, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    file + ": must be valid JSON, found " + MessageText.describe(e.getOriginalMessage()), e);
        }
    }
}
