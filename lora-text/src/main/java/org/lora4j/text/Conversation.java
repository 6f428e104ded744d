package org.lora4j.text;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Messages one after the other.
 *
 * @param messages the messages, at least one
 * @param tools the tools that the model may call, as JSON schemas; mostly none
 */
public record Conversation(List<ChatMessage> messages, List<Map<String, Object>> tools) {
    /**
     * Copies the lists.
     *
     * @param messages the messages
     * @param tools the tools
     * @throws IllegalArgumentException if there is no message
     */
    public Conversation {
        Objects.requireNonNull(messages, "messages must not be null");
        Objects.requireNonNull(tools, "tools must not be null");
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("a conversation must have at least one message, found none");
        }
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    /**
     * Creates a conversation without tools.
     *
     * @param messages the messages, at least one
     * @return the conversation
     * @throws IllegalArgumentException if there is no message
     */
    public static Conversation of(ChatMessage... messages) {
        return new Conversation(List.of(messages), List.of());
    }

    /** Returns the first messages. */
    Conversation first(int count) {
        return new Conversation(messages.subList(0, count), tools);
    }
}
