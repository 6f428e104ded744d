package org.lora4j.text.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.internal.Json;

/** Reads conversations and preferences out of a row. */
final class ChatRow {
    private static final String MESSAGES = "messages";
    private static final String PROMPT = "prompt";
    private static final String COMPLETION = "completion";
    private static final String CHOSEN = "chosen";
    private static final String REJECTED = "rejected";
    private static final String TOOLS = "tools";
    private static final String INPUT = "input";
    private static final String PREFERRED = "preferred_output";
    private static final String NON_PREFERRED = "non_preferred_output";

    private final TextRow row;
    private final ObjectNode values;

    ChatRow(TextRow row) {
        this(row, Json.object(row.toString(), row.json()));
    }

    private ChatRow(TextRow row, ObjectNode values) {
        this.row = row;
        this.values = values;
    }

    Conversation conversation() {
        List<ChatMessage> messages = new ArrayList<>();
        if (values.has(MESSAGES)) {
            messages.addAll(messages(MESSAGES));
        } else if (values.has(PROMPT) && values.has(COMPLETION)) {
            messages.addAll(messages(PROMPT, "user"));
            messages.addAll(messages(COMPLETION, ChatMessage.ASSISTANT));
        } else {
            throw row.refuse("must have messages, or prompt and completion, found " + row.columns());
        }
        return new Conversation(messages, tools());
    }

    Preference preference() {
        try {
            return values.has(PREFERRED) || values.has(NON_PREFERRED) ? preferenceOfInput() : preferenceOfPrompt();
        } catch (TextFormatException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
    }

    private Preference preferenceOfInput() {
        if (!(values.path(INPUT) instanceof ObjectNode input)
                || !values.has(PREFERRED)
                || !values.has(NON_PREFERRED)
                || values.has(CHOSEN)
                || values.has(REJECTED)) {
            throw row.refuse(
                    "must have an object input, preferred_output and non_preferred_output, and neither chosen nor"
                            + " rejected, found " + row.columns());
        }
        return new Preference(new ChatRow(row, input).prompt(), messages(PREFERRED), messages(NON_PREFERRED));
    }

    /** The prompt of {@code input}. */
    private Conversation prompt() {
        if (!values.has(MESSAGES)) {
            throw row.refuse("input must have messages, found "
                    + values.properties().stream().map(Map.Entry::getKey).toList());
        }
        return new Conversation(messages(MESSAGES), tools());
    }

    private Preference preferenceOfPrompt() {
        if (!values.has(CHOSEN) || !values.has(REJECTED)) {
            throw row.refuse("must have chosen and rejected, and mostly prompt, or input, preferred_output and"
                    + " non_preferred_output, found " + row.columns());
        }
        if (values.has(PROMPT)) {
            return new Preference(
                    new Conversation(messages(PROMPT, "user"), tools()),
                    messages(CHOSEN, ChatMessage.ASSISTANT),
                    messages(REJECTED, ChatMessage.ASSISTANT));
        }
        if (values.path(CHOSEN).isTextual() || values.path(REJECTED).isTextual()) {
            throw row.refuse("must have a prompt beside the texts chosen and rejected, found " + row.columns());
        }
        return Preference.between(messages(CHOSEN), messages(REJECTED), tools());
    }

    private List<Map<String, Object>> tools() {
        try {
            TrainingFields.requireOfRow(Json.map(values));
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
        List<Map<String, Object>> tools = new ArrayList<>();
        JsonNode value = values.path(TOOLS);
        boolean isEmptyCell = value.isTextual() && value.textValue().isBlank();
        if (values.hasNonNull(TOOLS) && !isEmptyCell) {
            elements(TOOLS, parsed(TOOLS, value)).forEach(tool -> tools.add(Json.map(tool)));
        }
        return tools;
    }

    private List<ChatMessage> messages(String column, String role) {
        JsonNode value = values.path(column);
        return value.isTextual()
                ? List.of(ChatMessage.of(role, row.requireText(column, value.textValue())))
                : messages(column);
    }

    private List<ChatMessage> messages(String column) {
        List<ChatMessage> messages = new ArrayList<>();
        for (ObjectNode element : elements(column, values.path(column))) {
            messages.add(message(column + "[" + messages.size() + "]", element));
        }
        if (messages.isEmpty()) {
            throw row.refuse(column + " must have at least one message, found none");
        }
        return messages;
    }

    /** A value that can stand in the row as JSON, or as its text. */
    private JsonNode parsed(String column, JsonNode value) {
        if (!value.isTextual()) {
            return value;
        }
        try {
            return StrictJson.MAPPER.readTree(value.textValue());
        } catch (JsonProcessingException e) {
            throw row.refuse(column + " must be JSON, or its text, found " + e.getOriginalMessage());
        }
    }

    private List<ObjectNode> elements(String column, JsonNode list) {
        List<ObjectNode> elements = new ArrayList<>();
        for (JsonNode element : list) {
            if (element instanceof ObjectNode object) {
                elements.add(object);
            }
        }
        if (!list.isArray() || elements.size() != list.size()) {
            throw row.refuse(column + " must be a list of objects, found " + Json.describe(list));
        }
        return elements;
    }

    private ChatMessage message(String where, ObjectNode element) {
        JsonNode role = element.path("role");
        JsonNode content = element.path("content");
        if (!role.isTextual()) {
            throw row.refuse(where + " must have a text role, found " + Json.describe(role));
        }
        Map<String, Object> more = Json.map(element);
        more.remove("role");
        more.remove("content");
        // The files of many data sets have all fields in all messages.
        more.values().removeIf(Objects::isNull);
        String text = content.isTextual() ? content.textValue() : null;
        ChatMessage message = new ChatMessage(role.textValue(), text, more);
        boolean hasCalls = hasCalls(where, message);
        boolean isAbsent = content.isNull() || content.isMissingNode();
        if (text == null && !(isAbsent && hasCalls)) {
            throw row.refuse(where + " must have a text content, or calls of tools, found " + Json.describe(content));
        }
        if (text != null && !(text.isBlank() && (hasCalls || role.textValue().equals(ChatMessage.TOOL)))) {
            row.requireText(where + ".content", text);
        }
        return message;
    }

    /** Checks what a message says of calls, and of what is learned. */
    private boolean hasCalls(String where, ChatMessage message) {
        try {
            message.requireLearnable();
            return !message.toolCalls().isEmpty();
        } catch (IllegalArgumentException e) {
            throw row.refuse(where + "." + e.getMessage());
        }
    }
}
