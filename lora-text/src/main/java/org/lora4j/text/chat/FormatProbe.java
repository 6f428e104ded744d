package org.lora4j.text.chat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.text.tools.ThoughtFormat;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.text.tools.ToolFormat;

/** Lets a template write, to see how calls and thoughts of its model look. Marks alone can mislead: a template can name those of others. */
final class FormatProbe {
    private static final String VALUE = "lora4j_value";
    private static final ChatMessage QUESTION = ChatMessage.of("user", "Which value?");
    private static final Tool TOOL = Tool.of(
            "lora4j_function",
            "Looks up a value.",
            "{\"type\": \"object\", \"properties\": {\"key\": {\"type\": \"string\"}}, \"required\": [\"key\"]}");
    private static final ToolCall CALL =
            ToolCall.of("lora4j_function", Map.of("key", VALUE)).withId("abcdefghi");

    private FormatProbe() {}

    /**
     * Returns the format of the calls that a template writes: the first one that reads a call of it. If it writes none, nothing is known of
     * its calls but the marks.
     */
    static Optional<ToolFormat> find(List<ToolFormat> candidates, ChatTemplate template) {
        Conversation question = Conversation.of(QUESTION).withTools(List.of(TOOL));
        Conversation calling = Conversation.of(QUESTION, ChatMessage.ofToolCalls(null, List.of(CALL)))
                .withTools(List.of(TOOL));
        String before;
        String whole;
        try {
            before = template.render(question, true);
            whole = template.render(calling, false);
        } catch (IllegalArgumentException e) {
            return candidates.stream().findFirst();
        }
        if (!whole.contains(VALUE)) {
            return candidates.stream().findFirst();
        }
        boolean isAnswer = whole.startsWith(before);
        String answer = isAnswer ? whole.substring(before.length()) : whole;
        return candidates.stream()
                .filter(format -> (!isAnswer && format.firstMark().isEmpty()) || reads(format, answer))
                .findFirst();
    }

    /** Whether the answers of a template begin within thoughts. */
    static boolean opens(ThoughtFormat thoughts, ChatTemplate template) {
        try {
            return thoughts.isOpen(template.render(Conversation.of(QUESTION), true));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static boolean reads(ToolFormat format, String answer) {
        return format.read(answer, List.of(TOOL)).calls().stream().anyMatch(call -> call.isSameAs(CALL));
    }
}
