package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;

/** A list after {@code <|tool_call|>}, or {@code <tool_call>} as Granite 3.1 writes it. */
final class GraniteSyntax extends JsonListSyntax {
    private static final String OPEN = "<|tool_call|>";

    GraniteSyntax() {
        super(List.of(OPEN), OPEN, "", Pattern.quote(OPEN) + "|<tool_call>");
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN) && template.contains("<|start_of_role|>");
    }
}
