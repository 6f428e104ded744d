package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A JSON object between {@code <tool_call>} and {@code </tool_call>}. */
final class HermesSyntax extends ToolSyntax {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";

    HermesSyntax() {
        super(
                List.of(OPEN, CLOSE),
                new JsonArguments(),
                OPEN + SPACE + "\\[?" + SPACE + BODY,
                "(?:[,;]?" + SPACE + BODY + "|\\}?" + SPACE + "\\]?" + SPACE + CLOSE + ")");
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN);
    }

    @Override
    String head(String name, @Nullable String id) {
        return OPEN + "\n{\"name\": " + quoted(name) + ", \"arguments\": ";
    }

    @Override
    String tail(@Nullable String id) {
        return "}\n" + CLOSE;
    }

    @Override
    String separator() {
        return "\n";
    }
}
