package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.tools.ToolCall;

/** The functions that were called in a conversation so far, by the ids of their calls. */
final class CalledFunctions {
    private final Map<String, String> names = new HashMap<>();

    /**
     * Reads a call.
     *
     * @param at where it is, for messages
     * @param id the field that has its id
     * @param inside the field that has the name and the arguments; empty if the call has them itself
     * @throws ApiException if it is not what it must be
     */
    ToolCall call(String at, JsonNode call, String id, String inside) {
        JsonNode function = inside.isEmpty() ? call : call.path(inside);
        String place = inside.isEmpty() ? at : at + "." + inside;
        String idOfCall = text(at + "." + id, call.path(id));
        String name = text(place + ".name", function.path("name"));
        String arguments = text(place + ".arguments", function.path("arguments"));
        try {
            ToolCall read = new ToolCall(idOfCall, name, arguments);
            names.put(idOfCall, name);
            return read;
        } catch (IllegalArgumentException e) {
            throw ApiException.field(place, place + ": " + e.getMessage());
        }
    }

    private static String text(String at, JsonNode value) {
        if (!value.isTextual()) {
            throw JsonBody.wrong(at, "a text", value);
        }
        return value.textValue();
    }

    /**
     * Returns the message with what a call returned.
     *
     * @param at where the id of the call is, for messages
     * @throws ApiException if there was no such call
     */
    ChatMessage result(String at, JsonNode id, String content) {
        String name = id.isTextual() ? names.get(id.textValue()) : null;
        if (name == null) {
            throw JsonBody.wrong(at, "the id of a call in a message before", id);
        }
        return ChatMessage.ofToolResult(new ToolCall(id.textValue(), name, "{}"), content);
    }
}
