package org.lora4j.text.chat;

import java.util.List;
import java.util.Map;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.text.tools.ToolFormat;

/** Lets a template write a call, to see whether a format reads it. Marks alone can mislead: a template can name those of others. */
final class FormatProbe {
    private static final String VALUE = "lora4j_value";
    private static final Tool TOOL = Tool.of(
            "lora4j_function",
            "Looks up a value.",
            "{\"type\": \"object\", \"properties\": {\"key\": {\"type\": \"string\"}}, \"required\": [\"key\"]}");
    private static final ToolCall CALL =
            ToolCall.of("lora4j_function", Map.of("key", VALUE)).withId("abcdefghi");

    private FormatProbe() {}

    /** Whether a format does not read the call that a template writes. */
    static boolean misreads(ToolFormat format, ChatTemplate template) {
        Conversation question =
                Conversation.of(ChatMessage.of("user", "Which value?")).withTools(List.of(TOOL));
        Conversation calling = Conversation.of(question.messages().get(0), ChatMessage.ofToolCalls(null, List.of(CALL)))
                .withTools(List.of(TOOL));
        String before;
        String whole;
        try {
            before = template.render(question, true);
            whole = template.render(calling, false);
        } catch (IllegalArgumentException e) {
            return false;
        }
        if (!whole.contains(VALUE)) {
            // The template writes no calls, so nothing is known of them but the marks.
            return false;
        }
        boolean isAnswer = whole.startsWith(before);
        if (!isAnswer && format.firstMark().isEmpty()) {
            return false;
        }
        return format.read(isAnswer ? whole.substring(before.length()) : whole).calls().stream()
                .noneMatch(call -> call.isSameAs(CALL));
    }
}
