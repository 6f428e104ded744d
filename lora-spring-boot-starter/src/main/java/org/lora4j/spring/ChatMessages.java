package org.lora4j.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.tools.ToolCall;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.content.MediaContent;

/** Reads and writes the messages of Spring AI. */
final class ChatMessages {
    /** The name that Spring AI's own models use. */
    private static final String THOUGHTS = "reasoningContent";

    private ChatMessages() {}

    /**
     * Returns messages as chat templates take them.
     *
     * @throws org.lora4j.serve.ServingException if a message has media
     * @throws IllegalArgumentException if a call of a tool has no name, or arguments that are no JSON object
     */
    static List<ChatMessage> read(List<Message> messages) {
        List<ChatMessage> all = new ArrayList<>(messages.size());
        for (Message message : messages) {
            boolean hasMedia = message instanceof MediaContent content
                    && !content.getMedia().isEmpty();
            RequestedAdapter.requireAbsent("a message with media", hasMedia);
            if (message instanceof ToolResponseMessage results) {
                results.getResponses().forEach(result -> all.add(result(result)));
            } else if (message instanceof AssistantMessage answer && answer.hasToolCalls()) {
                all.add(ChatMessage.ofToolCalls(
                        answer.getText(),
                        answer.getToolCalls().stream().map(ChatMessages::call).toList()));
            } else {
                all.add(ChatMessage.of(
                        message.getMessageType().getValue(), Objects.requireNonNullElse(message.getText(), "")));
            }
        }
        return all;
    }

    private static ToolCall call(AssistantMessage.ToolCall call) {
        boolean hasNone = call.arguments() == null || call.arguments().isBlank();
        return new ToolCall(call.id(), call.name(), hasNone ? "{}" : call.arguments());
    }

    private static ChatMessage result(ToolResponseMessage.ToolResponse result) {
        return ChatMessage.ofToolResult(new ToolCall(result.id(), result.name(), "{}"), result.responseData());
    }

    /** An answer, whose calls have ids. What the model thought is in its metadata. */
    static AssistantMessage answer(String text, ChatAnswer.Whole whole) {
        return AssistantMessage.builder()
                .content(text)
                .properties(whole.thoughts().isEmpty() ? Map.of() : Map.of(THOUGHTS, whole.thoughts()))
                .toolCalls(whole.toolCalls().stream()
                        .map(call -> new AssistantMessage.ToolCall(
                                call.identified().id(), "function", call.name(), call.arguments()))
                        .toList())
                .build();
    }
}
