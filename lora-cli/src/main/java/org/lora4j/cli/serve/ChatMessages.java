package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.text.ChatMessage;
import org.lora4j.text.tools.ToolCall;

/** Reads the messages of a chat. */
final class ChatMessages {
    private static final String TOOL = "tool";
    private static final Map<String, String> ROLES = Map.of(
            "system",
            "system",
            // The newer name of the same, which templates do not know.
            "developer",
            "system",
            "user",
            "user",
            ChatMessage.ASSISTANT,
            ChatMessage.ASSISTANT,
            TOOL,
            TOOL);
    private static final Set<String> FIELDS = Set.of("role", "content", "name");
    private static final String CALLS = "tool_calls";
    private static final String ID = "tool_call_id";
    private static final String RULE = "a list of at least one message";

    /** The functions that were called so far, by the ids of the calls. */
    private final Map<String, String> called = new HashMap<>();

    private ChatMessages() {}

    /**
     * Returns the messages.
     *
     * @throws ApiException if one is not what it must be
     */
    static List<ChatMessage> of(JsonBody body) {
        JsonNode messages = body.require("messages", RULE);
        if (!messages.isArray() || messages.isEmpty()) {
            throw JsonBody.wrong("messages", RULE, messages);
        }
        ChatMessages reader = new ChatMessages();
        List<ChatMessage> all = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            all.add(reader.message("messages[" + i + "]", messages.get(i)));
        }
        return all;
    }

    private ChatMessage message(String at, JsonNode message) {
        String role = ROLES.get(message.path("role").asText());
        if (role == null) {
            throw JsonBody.wrong(at + ".role", "system, developer, user, assistant or tool", message.path("role"));
        }
        String own = role.equals(TOOL) ? ID : role.equals(ChatMessage.ASSISTANT) ? CALLS : "";
        message.properties().forEach(field -> requireKnown(at, field.getKey(), field.getValue(), own));
        JsonNode content = message.path("content");
        if (role.equals(TOOL)) {
            return result(at, message.path(ID), content(at + ".content", content));
        }
        JsonNode calls = message.path(CALLS);
        if (calls.isEmpty() && !calls.isValueNode()) {
            return ChatMessage.of(role, content(at + ".content", content));
        }
        boolean hasText = !content.isMissingNode() && !content.isNull();
        return ChatMessage.ofToolCalls(
                hasText ? content(at + ".content", content) : null, calls(at + "." + CALLS, calls));
    }

    private static void requireKnown(String at, String field, JsonNode value, String own) {
        boolean isEmpty = value.isNull() || (value.isContainerNode() && value.isEmpty());
        if (!FIELDS.contains(field) && !field.equals(own) && !isEmpty) {
            String name = at + "." + field;
            throw ApiException.unsupported(
                    MessageText.shorten(name), MessageText.quote(name) + " is not supported; leave it out");
        }
    }

    private ChatMessage result(String at, JsonNode id, String content) {
        String name = id.isTextual() ? called.get(id.textValue()) : null;
        if (name == null) {
            throw JsonBody.wrong(at + "." + ID, "the id of a call in a message before", id);
        }
        return ChatMessage.ofToolResult(new ToolCall(id.textValue(), name, "{}"), content);
    }

    private List<ToolCall> calls(String at, JsonNode calls) {
        if (!calls.isArray()) {
            throw JsonBody.wrong(at, "a list of calls", calls);
        }
        List<ToolCall> all = new ArrayList<>();
        for (JsonNode call : calls) {
            all.add(call(at + "[" + all.size() + "]", call));
        }
        return all;
    }

    private ToolCall call(String at, JsonNode call) {
        if (!call.path("type").asText("function").equals("function")) {
            throw JsonBody.wrong(at + ".type", "function", call.path("type"));
        }
        String id = text(at + ".id", call.path("id"));
        String name = text(at + ".function.name", call.at("/function/name"));
        String arguments = text(at + ".function.arguments", call.at("/function/arguments"));
        try {
            ToolCall read = new ToolCall(id, name, arguments);
            called.put(id, name);
            return read;
        } catch (IllegalArgumentException e) {
            throw ApiException.field(at + ".function", at + ".function: " + e.getMessage());
        }
    }

    private static String text(String at, JsonNode value) {
        if (!value.isTextual()) {
            throw JsonBody.wrong(at, "a text", value);
        }
        return value.textValue();
    }

    private static String content(String at, JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        String rule = "a text, or a list of parts of the type text";
        if (!content.isArray() || content.isEmpty()) {
            throw JsonBody.wrong(at, rule, content);
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
                throw JsonBody.wrong(at + "[" + i + "]", "of the type text", part.path("type"));
            }
            texts.add(part.path("text").textValue());
        }
        return String.join("\n", texts);
    }
}
