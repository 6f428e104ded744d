package org.lora4j.text.tools;

import java.util.List;

/** A list between {@code <tool_calls>} and {@code </tool_calls>}. */
final class AprielSyntax extends JsonListSyntax {
    private static final String OPEN = "<tool_calls>";
    private static final String CLOSE = "</tool_calls>";

    AprielSyntax() {
        super(List.of(OPEN, CLOSE), OPEN, CLOSE, OPEN);
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN);
    }
}
