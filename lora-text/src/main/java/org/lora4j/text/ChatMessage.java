package org.lora4j.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A message of a conversation.
 *
 * @param role who wrote it: {@code system}, {@code user}, {@code assistant} or {@code tool}
 * @param content what was written; null for a message that only has calls of tools
 * @param more other values that chat templates read, such as {@code tool_calls}: texts, numbers, booleans, lists and maps
 */
public record ChatMessage(String role, @Nullable String content, Map<String, Object> more) {
    /** The role whose messages a model is trained to write. */
    public static final String ASSISTANT = "assistant";

    /**
     * Copies the map.
     *
     * @param role who wrote it
     * @param content what was written, or null
     * @param more other values
     */
    public ChatMessage {
        Objects.requireNonNull(role, "role must not be null");
        Objects.requireNonNull(more, "more must not be null");
        more = Collections.unmodifiableMap(new LinkedHashMap<>(more));
    }

    /**
     * Creates a message of text.
     *
     * @param role who wrote it
     * @param content what was written
     * @return the message
     */
    public static ChatMessage of(String role, String content) {
        Objects.requireNonNull(content, "content must not be null");
        return new ChatMessage(role, content, Map.of());
    }

    /** Returns all values, as a chat template sees them. */
    Map<String, @Nullable Object> values() {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        values.put("role", role);
        values.put("content", content);
        values.putAll(more);
        return values;
    }
}
