package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.tools.ToolCall;

/** Reads the input of a response: messages, calls and what they returned, one after the other. */
final class ResponseInput {
    private static final String FIELD = "input";
    private static final String RULE = "a text or a list of at least one item";
    private static final String THOUGHTS = "reasoning";
    private static final String MESSAGE = "message";
    private static final String CALL = "function_call";
    private static final String RESULT = "function_call_output";
    private static final String ID = "call_id";
    private static final List<String> TEXTS = List.of("input_text", "output_text");
    private static final Set<String> FIELDS_OF_MESSAGE = Set.of("type", "role", "content", "id", "status", "phase");
    private static final Set<String> FIELDS_OF_CALL = Set.of("type", ID, "name", "arguments", "id", "status");
    private static final Set<String> FIELDS_OF_RESULT = Set.of("type", ID, "output", "id", "status");

    private final CalledFunctions called = new CalledFunctions();
    private final List<ChatMessage> messages = new ArrayList<>();

    /** The text of a message of the assistant, to which the calls after it belong; null for none. */
    private @Nullable String text;

    private final List<ToolCall> calls = new ArrayList<>();

    private ResponseInput() {}

    /**
     * Returns the messages of a conversation.
     *
     * @throws ApiException if an item is not what it must be
     */
    static List<ChatMessage> of(JsonBody body) {
        JsonNode input = body.require(FIELD, RULE);
        ResponseInput reader = new ResponseInput();
        String instructions = body.textOrNull("instructions");
        if (instructions != null) {
            reader.messages.add(ChatMessage.of("system", instructions));
        }
        if (input.isTextual()) {
            reader.messages.add(ChatMessage.of("user", input.textValue()));
        } else if (input.isArray() && !input.isEmpty()) {
            for (int i = 0; i < input.size(); i++) {
                reader.item(FIELD + "[" + i + "]", input.get(i));
            }
            reader.endTurn();
        } else {
            throw JsonBody.wrong(FIELD, RULE, input);
        }
        return reader.messages;
    }

    private void item(String at, JsonNode item) {
        String type = item.path("type").asText(item.isObject() ? MESSAGE : "");
        switch (type) {
            case MESSAGE -> message(at, item);
            case CALL -> {
                requireKnown(at, item, FIELDS_OF_CALL);
                calls.add(called.call(at, item, ID, ""));
            }
            case RESULT -> {
                requireKnown(at, item, FIELDS_OF_RESULT);
                endTurn();
                String output = ChatMessages.content(at + ".output", item.path("output"), TEXTS);
                messages.add(called.result(at + "." + ID, item.path(ID), output));
            }
            case THOUGHTS -> {
                // What the model thought before is not shown to it again.
            }
            default ->
                throw ApiException.unsupported(
                        at + ".type",
                        at + ".type is not supported: it must be " + MESSAGE + ", " + CALL + ", " + RESULT + " or "
                                + THOUGHTS
                                + ", found "
                                + MessageText.quote(item.isObject() ? type : String.valueOf(item)));
        }
    }

    private static void requireKnown(String at, JsonNode item, Set<String> known) {
        item.properties().forEach(field -> ChatMessages.requireKnown(at, field.getKey(), field.getValue(), known));
    }

    private void message(String at, JsonNode item) {
        String role = ChatMessages.role(item.path("role"));
        if (role == null || role.equals(ChatMessages.TOOL)) {
            throw JsonBody.wrong(at + ".role", "system, developer, user or assistant", item.path("role"));
        }
        requireKnown(at, item, FIELDS_OF_MESSAGE);
        endTurn();
        String content = ChatMessages.content(at + ".content", item.path("content"), TEXTS);
        if (role.equals(ChatMessage.ASSISTANT)) {
            text = content;
        } else {
            messages.add(ChatMessage.of(role, content));
        }
    }

    /** Adds what the assistant has written, if something is left: its text and its calls are one message of a chat. */
    private void endTurn() {
        if (!calls.isEmpty()) {
            messages.add(ChatMessage.ofToolCalls(text, calls));
        } else if (text != null) {
            messages.add(ChatMessage.of(ChatMessage.ASSISTANT, text));
        }
        text = null;
        calls.clear();
    }
}
