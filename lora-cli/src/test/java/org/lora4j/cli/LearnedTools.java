package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.fixtures.LearnedChats;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.train.Batch;

/** A small model that has learned some conversations with calls of the functions {@code add} and {@code weather} by heart. */
final class LearnedTools {
    private LearnedTools() {}

    static Path write(Path folder) throws IOException {
        ToolCall sum = ToolCall.of("add", "{\"a\": 2, \"b\": 3}");
        ToolCall rome = ToolCall.of("weather", "{\"city\": \"Rome\"}");
        List<Tool> tools = List.of(tool("add"), tool("weather"));
        List<Conversation> learned = List.of(
                Conversation.of(
                                ChatMessage.of("user", "2+3 and Rome?"),
                                ChatMessage.ofToolCalls("Let me look.", List.of(sum, rome)),
                                ChatMessage.ofToolResult(sum, "5"),
                                ChatMessage.ofToolResult(rome, "sun"),
                                ChatMessage.of("assistant", "5, and sun."))
                        .withTools(tools),
                Conversation.of(
                                ChatMessage.of("user", "2+3?"),
                                ChatMessage.ofToolCalls(null, List.of(sum)),
                                ChatMessage.ofToolResult(sum, "5"),
                                ChatMessage.of("assistant", "It is 5."))
                        .withTools(tools),
                Conversation.of(ChatMessage.of("user", "hi"), ChatMessage.of("assistant", "Hello."))
                        .withTools(tools),
                // Without tools, the same marks begin no call.
                Conversation.of(
                        ChatMessage.of("user", "2+3?"),
                        ChatMessage.of("assistant", "<tool_call>\n{\"name\": \"add\", \"arguments\": {}}")));
        return LearnedChats.write(folder, written -> batch(written, learned));
    }

    private static Tool tool(String name) {
        return Tool.of(name, "does something", "{\"type\": \"object\"}");
    }

    /** What the model learns of conversations: the messages of the assistant. */
    private static Batch batch(Path folder, List<Conversation> conversations) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(folder)) {
            DecoderTokens tokens = opened.tokens();
            return TokenExample.batch(
                    conversations.stream().map(tokens::conversation).toList());
        }
    }
}
