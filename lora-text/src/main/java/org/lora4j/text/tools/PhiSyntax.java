package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;

/** A list between marks of Phi-4-mini, or after {@code functools}. */
final class PhiSyntax extends JsonListSyntax {
    private static final String OPEN = "<|tool_call|>";
    private static final String CLOSE = "<|/tool_call|>";
    private static final String FUNCTOOLS = "functools";

    PhiSyntax() {
        super(List.of(OPEN, CLOSE), OPEN, CLOSE, Pattern.quote(OPEN) + "|" + FUNCTOOLS);
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN) || template.contains(FUNCTOOLS + "[");
    }
}
