package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * An answer with calls of tools.
 *
 * @param text the text beside the calls; may be empty
 * @param calls the calls in their order; may be none
 */
public record ToolAnswer(String text, List<ToolCall> calls) {
    /**
     * Copies the list.
     *
     * @param text the text
     * @param calls the calls
     */
    public ToolAnswer {
        Objects.requireNonNull(text, "text must not be null");
        Objects.requireNonNull(calls, "calls must not be null");
        calls = List.copyOf(calls);
    }

    /**
     * Puts the parts of an answer together.
     *
     * @param parts all parts
     * @return the answer
     */
    public static ToolAnswer of(List<AnswerPart> parts) {
        Objects.requireNonNull(parts, "parts must not be null");
        StringBuilder text = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        for (AnswerPart part : parts) {
            if (part instanceof AnswerPart.Text some) {
                text.append(some.text());
            } else if (part instanceof AnswerPart.CallEnds end) {
                calls.add(end.call());
            }
        }
        return new ToolAnswer(text.toString(), calls);
    }
}
