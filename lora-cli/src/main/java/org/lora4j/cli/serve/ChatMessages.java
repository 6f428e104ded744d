package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.tools.ToolCall;

/** Reads the messages of a chat. */
final class ChatMessages {
    static final String TOOL = "tool";
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
    static final String THOUGHTS = "reasoning_content";
    private static final String CALLS = "tool_calls";
    private static final String ID = "tool_call_id";
    private static final String RULE = "a list of at least one message";

    private static final List<String> TEXT = List.of("text");

    private final CalledFunctions called = new CalledFunctions();

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
        String role = role(message.path("role"));
        if (role == null) {
            throw JsonBody.wrong(at + ".role", "system, developer, user, assistant or tool", message.path("role"));
        }
        String own = role.equals(TOOL) ? ID : role.equals(ChatMessage.ASSISTANT) ? CALLS : "";
        message.properties().stream()
                .filter(field -> !field.getKey().equals(own)
                        && !(role.equals(ChatMessage.ASSISTANT)
                                && field.getKey().equals(THOUGHTS)))
                .forEach(field -> requireKnown(at, field.getKey(), field.getValue(), FIELDS));
        JsonNode content = message.path("content");
        if (role.equals(TOOL)) {
            return called.result(at + "." + ID, message.path(ID), content(at + ".content", content, TEXT));
        }
        return withThoughts(at + "." + THOUGHTS, message.path(THOUGHTS), said(at, role, message));
    }

    private ChatMessage said(String at, String role, JsonNode message) {
        JsonNode content = message.path("content");
        JsonNode calls = message.path(CALLS);
        if (calls.isEmpty() && !calls.isValueNode()) {
            return ChatMessage.of(role, content(at + ".content", content, TEXT));
        }
        boolean hasText = !content.isMissingNode() && !content.isNull();
        return ChatMessage.ofToolCalls(
                hasText ? content(at + ".content", content, TEXT) : null, calls(at + "." + CALLS, calls));
    }

    /** Adds what the model thought, which templates read under the same name. */
    private static ChatMessage withThoughts(String at, JsonNode thoughts, ChatMessage message) {
        if (thoughts.isMissingNode() || thoughts.isNull()) {
            return message;
        }
        if (!thoughts.isTextual()) {
            throw JsonBody.wrong(at, "a text", thoughts);
        }
        return message.withThoughts(thoughts.textValue());
    }

    /** Returns the role as templates know it; null if there is no such role. */
    static @Nullable String role(JsonNode role) {
        return ROLES.get(role.asText());
    }

    /** Checks that a field is one of those that are known, or empty. */
    static void requireKnown(String at, String field, JsonNode value, Set<String> known) {
        boolean isEmpty = value.isNull() || (value.isContainerNode() && value.isEmpty());
        if (!known.contains(field) && !isEmpty) {
            String name = at + "." + field;
            throw ApiException.unsupported(
                    MessageText.shorten(name), MessageText.quote(name) + " is not supported; leave it out");
        }
    }

    private List<ToolCall> calls(String at, JsonNode calls) {
        if (!calls.isArray()) {
            throw JsonBody.wrong(at, "a list of calls", calls);
        }
        List<ToolCall> all = new ArrayList<>();
        for (JsonNode call : calls) {
            String place = at + "[" + all.size() + "]";
            if (!call.path("type").asText("function").equals("function")) {
                throw JsonBody.wrong(place + ".type", "function", call.path("type"));
            }
            all.add(called.call(place, call, "id", "function"));
        }
        return all;
    }

    /**
     * Returns the text of a message.
     *
     * @param types the types of parts that are text
     * @throws ApiException if it has something else
     */
    static String content(String at, JsonNode content, List<String> types) {
        if (content.isTextual()) {
            return content.textValue();
        }
        String type = "of the type " + String.join(" or ", types);
        if (!content.isArray() || content.isEmpty()) {
            throw JsonBody.wrong(at, "a text, or a list of parts " + type, content);
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            if (!types.contains(part.path("type").asText())
                    || !part.path("text").isTextual()) {
                throw JsonBody.wrong(at + "[" + i + "]", type, part.path("type"));
            }
            texts.add(part.path("text").textValue());
        }
        return String.join("\n", texts);
    }
}
