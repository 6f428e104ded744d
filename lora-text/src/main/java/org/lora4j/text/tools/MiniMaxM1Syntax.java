package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSON objects, each on a line, between {@code <tool_calls>} and {@code </tool_calls>}. */
final class MiniMaxM1Syntax extends ToolSyntax {
    private static final String OPEN = "<tool_calls>";
    private static final String CLOSE = "</tool_calls>";

    MiniMaxM1Syntax() {
        super(
                List.of(OPEN, CLOSE),
                new JsonArguments(),
                OPEN + SPACE + BODY,
                "(?:,?" + SPACE + BODY + "|\\}?" + SPACE + CLOSE + ")");
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN);
    }

    @Override
    String open() {
        return OPEN + "\n";
    }

    @Override
    String head(String name, @Nullable String id) {
        return "{\"name\": " + quoted(name) + ", \"arguments\": ";
    }

    @Override
    String tail(@Nullable String id) {
        return "}\n";
    }

    @Override
    String close() {
        return CLOSE;
    }
}
