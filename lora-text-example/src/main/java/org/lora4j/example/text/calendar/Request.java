package org.lora4j.example.text.calendar;

import java.util.List;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;

/**
 * A request in English, and the call that it asks for.
 *
 * @param text what the user says
 * @param call the function with its arguments
 * @param isNew whether it has a name or a title that no request for training has
 */
record Request(String text, ToolCall call, boolean isNew) {
    /** Returns the conversation before the answer. */
    Conversation question(List<Tool> tools) {
        return Conversation.of(ChatMessage.of("user", text)).withTools(tools);
    }

    /** Returns the conversation with the answer, for training. */
    Conversation answered(List<Tool> tools) {
        return Conversation.of(ChatMessage.of("user", text), ChatMessage.ofToolCalls(null, List.of(call)))
                .withTools(tools);
    }

    /** Returns the answer. */
    ToolAnswer expected() {
        return new ToolAnswer("", List.of(call));
    }
}
