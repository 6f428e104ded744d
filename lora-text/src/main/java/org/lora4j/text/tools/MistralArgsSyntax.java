package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The name after {@code [TOOL_CALLS]}, and the arguments after {@code [ARGS]}. */
final class MistralArgsSyntax extends ToolSyntax {
    private static final String CALL = "[TOOL_CALLS]";
    private static final String ID = "[CALL_ID]";
    private static final String ARGUMENTS = "[ARGS]";

    MistralArgsSyntax() {
        super(
                List.of(CALL, ID, ARGUMENTS),
                new JsonArguments(),
                "\\[TOOL_CALLS\\]" + SPACE + NAME + "(?:\\[CALL_ID\\](?<id>" + PLAIN + "))?(?:\\[ARGS\\])?+" + SPACE
                        + BODY,
                null);
    }

    @Override
    boolean isIn(String template) {
        return template.contains(CALL) && template.contains(ARGUMENTS);
    }

    @Override
    String head(String name, @Nullable String id) {
        return CALL + plain("name", name) + (id == null ? "" : ID + plain("id", id)) + ARGUMENTS;
    }
}
