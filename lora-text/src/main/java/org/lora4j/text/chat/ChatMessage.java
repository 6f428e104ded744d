package org.lora4j.text.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tools.ToolCall;

/**
 * A message of a conversation.
 *
 * @param role who wrote it: {@code system}, {@code user}, {@code assistant} or {@code tool}
 * @param content what was written; null for a message that only has calls of tools
 * @param more other values that chat templates read, such as {@code tool_calls}: texts, numbers, booleans, lists and maps; {@code weight}
 *     says whether it is learned, see {@link #isLearned}
 */
public record ChatMessage(String role, @Nullable String content, Map<String, Object> more) {
    /** The role whose messages a model is trained to write. */
    public static final String ASSISTANT = "assistant";

    static final String TOOL = "tool";
    static final String CALLS = "tool_calls";
    private static final String THOUGHTS = "reasoning_content";
    private static final String WEIGHT = "weight";

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

    /**
     * Creates a message of the assistant that calls tools.
     *
     * @param content what was written beside the calls; null for nothing
     * @param calls the calls, at least one
     * @return the message, with the calls in {@code tool_calls} as {@link ToolCall#toMap} writes them
     * @throws IllegalArgumentException if there is no call
     */
    public static ChatMessage ofToolCalls(@Nullable String content, List<ToolCall> calls) {
        Objects.requireNonNull(calls, "calls must not be null");
        if (calls.isEmpty()) {
            throw new IllegalArgumentException(
                    "calls must have at least one call, found none; use ChatMessage.of for a message without calls");
        }
        return new ChatMessage(
                ASSISTANT,
                content,
                Map.of(CALLS, calls.stream().map(ToolCall::toMap).toList()));
    }

    /**
     * Creates a message with what a call of a tool returned.
     *
     * @param call the call
     * @param content what it returned; may be empty
     * @return the message of the role {@code tool}, with {@code name}, and {@code tool_call_id} if the call has an id
     */
    public static ChatMessage ofToolResult(ToolCall call, String content) {
        Objects.requireNonNull(call, "call must not be null");
        Objects.requireNonNull(content, "content must not be null");
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("name", call.name());
        if (call.id() != null) {
            more.put("tool_call_id", call.id());
        }
        return new ChatMessage(TOOL, content, more);
    }

    /**
     * Creates a message that says that a call of a tool failed.
     *
     * @param call the call
     * @param error what went wrong, for the model
     * @return the message of {@link #ofToolResult}, whose content is a JSON object with the text in {@code error}: templates have no other
     *     place for it
     */
    public static ChatMessage ofToolError(ToolCall call, String error) {
        Objects.requireNonNull(error, "error must not be null");
        return ofToolResult(
                call, StrictJson.MAPPER.createObjectNode().put("error", error).toString());
    }

    /**
     * Returns the same message of the assistant with what it thought before.
     *
     * @param thoughts the thoughts
     * @return the message, with the thoughts in {@code reasoning_content}, where templates with thoughts read them
     */
    public ChatMessage withThoughts(String thoughts) {
        Map<String, Object> all = new LinkedHashMap<>(more);
        all.put(THOUGHTS, Objects.requireNonNull(thoughts, "thoughts must not be null"));
        return new ChatMessage(role, content, all);
    }

    /**
     * Returns the calls of tools in {@code tool_calls}. Their arguments can be maps or JSON texts.
     *
     * @return the calls; mostly none
     * @throws IllegalArgumentException if {@code tool_calls} has another form; the message names the call
     */
    public List<ToolCall> toolCalls() {
        Object calls = more.get(CALLS);
        if (calls == null) {
            return List.of();
        }
        if (!(calls instanceof List<?> list)) {
            throw new IllegalArgumentException(
                    CALLS + " must be a list, found " + TextCheck.line(String.valueOf(calls)));
        }
        List<ToolCall> found = new ArrayList<>();
        for (Object call : list) {
            String where = CALLS + "[" + found.size() + "]: ";
            if (!(call instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException(
                        where + "a call must be an object, found " + TextCheck.line(String.valueOf(call)));
            }
            try {
                found.add(ToolCall.ofMap(texts(map)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(where + e.getMessage(), e);
            }
        }
        return found;
    }

    /**
     * Returns whether a training learns to write this message: one of the assistant, but not one with {@code weight} 0, as in OpenAI's
     * form of conversations.
     *
     * @return false for messages that are only read
     * @throws IllegalArgumentException if {@code weight} is neither 0 nor 1, or is 1 in a message of somebody else; or the message has a
     *     value that says what is learned or written in a way that is not supported, such as {@code train} or {@code function_call}
     */
    public boolean isLearned() {
        requireLearnable();
        return role.equals(ASSISTANT) && !isNumber(more.get(WEIGHT), 0);
    }

    /** Checks the values that say what is learned, as {@link #isLearned} does. */
    void requireLearnable() {
        TrainingFields.requireOfMessage(more);
        Object weight = more.get(WEIGHT);
        boolean isOfAssistant = role.equals(ASSISTANT);
        if (weight != null && !isNumber(weight, 0) && !(isOfAssistant && isNumber(weight, 1))) {
            throw new IllegalArgumentException(WEIGHT + " must be "
                    + (isOfAssistant ? "0 or 1" : "0, because only messages of the assistant are learned") + ", found "
                    + TextCheck.line(String.valueOf(weight)));
        }
    }

    private static boolean isNumber(@Nullable Object value, int expected) {
        return value instanceof Number number && number.doubleValue() == expected;
    }

    private static Map<String, @Nullable Object> texts(Map<?, ?> map) {
        Map<String, @Nullable Object> texts = new LinkedHashMap<>();
        map.forEach((name, value) -> texts.put(String.valueOf(name), value));
        return texts;
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
