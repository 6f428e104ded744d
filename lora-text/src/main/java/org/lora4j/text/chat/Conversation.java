package org.lora4j.text.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolFormat;

/**
 * Messages one after the other.
 *
 * @param messages the messages, at least one
 * @param tools the tools that the model may call, as {@link Tool#toMap} writes them; mostly none
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

    /**
     * Returns the conversation of a row, in the forms that OpenAI, mlx-lm and TRL read: {@code messages} with {@code role} and
     * {@code content}; or {@code prompt} and {@code completion}, each a text, for a message of the user and one of the assistant, or a
     * list of messages. {@code tools} are the tools: a list of objects, or its JSON text; an empty text counts as none. A message of the
     * assistant can have {@code tool_calls} as {@link ChatMessage#toolCalls} reads them, and a {@code weight} as
     * {@link ChatMessage#isLearned} reads it. A value of a message that is null counts as none.
     *
     * @param row the row of a file
     * @return the conversation
     * @throws TextFormatException if the row has another form, or a field that says what is learned or written in a way that is not
     *     supported, such as {@code train} or {@code function_call}; the message says what was expected
     */
    public static Conversation of(TextRow row) {
        return new ChatRow(Objects.requireNonNull(row, "row must not be null")).conversation();
    }

    /**
     * Returns the row of which {@link #of(TextRow)} makes this conversation.
     *
     * @return {@code messages}, and {@code tools} if there are some
     */
    public Map<String, Object> toRow() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("messages", values(messages));
        return withTools(row);
    }

    /** Adds the tools, if there are some. */
    Map<String, Object> withTools(Map<String, Object> row) {
        if (!tools.isEmpty()) {
            row.put("tools", tools);
        }
        return row;
    }

    /** Returns messages as a row has them. */
    static List<Map<String, @Nullable Object>> values(List<ChatMessage> messages) {
        return messages.stream().map(ChatMessage::values).toList();
    }

    /**
     * Returns the same conversation with other tools.
     *
     * @param others the tools that the model may call
     * @return the conversation
     */
    public Conversation withTools(List<Tool> others) {
        Objects.requireNonNull(others, "others must not be null");
        return new Conversation(messages, others.stream().map(Tool::toMap).toList());
    }

    /**
     * Returns whether there is a tool. A model may call one that there is not.
     *
     * @param name the name of a function
     * @return true if one of the tools has it
     */
    public boolean hasTool(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return toolNames().contains(name);
    }

    /**
     * Returns the form of an answer that is one call.
     *
     * @param format how the model writes calls
     * @param tool the name of the tool; empty for any of them
     * @return the form
     * @throws IllegalArgumentException if there is no such tool, or one is not what it must be; or as {@link ForcedCall#of}
     */
    public ForcedCall forcedCall(ToolFormat format, Optional<String> tool) {
        Objects.requireNonNull(format, "format must not be null");
        Objects.requireNonNull(tool, "tool must not be null");
        List<Tool> chosen = tools.stream()
                .map(Tool::ofMap)
                .filter(one -> tool.isEmpty() || one.name().equals(tool.get()))
                .toList();
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("a call must be one of the tools of the conversation, found "
                    + tool.map(MessageText::quote).orElse("no tools"));
        }
        return ForcedCall.of(format, chosen);
    }

    /**
     * Returns the tools whose schemas say what the arguments of calls are, for {@link ToolFormat#reader(List)}.
     *
     * @return the tools, without those that are not what {@link Tool} must be
     */
    public List<Tool> describedTools() {
        return tools.stream().flatMap(Conversation::described).toList();
    }

    private static Stream<Tool> described(Map<String, Object> tool) {
        try {
            return Stream.of(Tool.ofMap(tool));
        } catch (IllegalArgumentException e) {
            // A call of it is read as one of a function of which nothing is known.
            return Stream.empty();
        }
    }

    /** Returns the names of the tools. */
    List<String> toolNames() {
        return tools.stream()
                // Some data sets write the function without what is around it.
                .map(tool -> tool.get("function") instanceof Map<?, ?> function ? function : tool)
                .map(function -> function.get("name"))
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .toList();
    }

    /** Returns the first messages. */
    Conversation first(int count) {
        return new Conversation(messages.subList(0, count), tools);
    }
}
