package org.lora4j.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** How JSON is read and written, where nothing else is said. A file may come from a stranger, or be damaged. */
@ForModules
public final class StrictJson {
    /**
     * Refuses a name that comes twice in an object, and what follows the value. The names are untrusted: they are neither interned nor
     * hashed into a table that all parsers share.
     */
    public static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private StrictJson() {}

    /**
     * Parses a text.
     *
     * @param place where the text is from, for messages
     * @param text the text
     * @return the value
     * @throws IllegalArgumentException if it is no JSON
     */
    public static JsonNode parse(String place, String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    place + ": must be valid JSON, found " + MessageText.describe(e.getOriginalMessage()), e);
        }
    }
}
