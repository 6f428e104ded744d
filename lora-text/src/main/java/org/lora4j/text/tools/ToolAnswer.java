package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * An answer with calls of tools.
 *
 * @param thoughts what the model thought; may be empty
 * @param text the text beside the calls; may be empty
 * @param calls the calls in their order; may be none
 */
public record ToolAnswer(String thoughts, String text, List<ToolCall> calls) {
    /**
     * Copies the list.
     *
     * @param thoughts what the model thought
     * @param text the text
     * @param calls the calls
     */
    public ToolAnswer {
        Objects.requireNonNull(thoughts, "thoughts must not be null");
        Objects.requireNonNull(text, "text must not be null");
        Objects.requireNonNull(calls, "calls must not be null");
        calls = List.copyOf(calls);
    }

    /**
     * Creates an answer without thoughts.
     *
     * @param text the text
     * @param calls the calls
     */
    public ToolAnswer(String text, List<ToolCall> calls) {
        this("", text, calls);
    }

    /**
     * Puts the parts of an answer together.
     *
     * @param parts all parts
     * @return the answer
     */
    public static ToolAnswer of(List<AnswerPart> parts) {
        Objects.requireNonNull(parts, "parts must not be null");
        StringBuilder thoughts = new StringBuilder();
        StringBuilder text = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        for (AnswerPart part : parts) {
            if (part instanceof AnswerPart.Thoughts some) {
                thoughts.append(some.text());
            } else if (part instanceof AnswerPart.Text some) {
                text.append(some.text());
            } else if (part instanceof AnswerPart.CallEnds end) {
                calls.add(end.call());
            }
        }
        return new ToolAnswer(thoughts.toString(), text.toString(), calls);
    }
}
