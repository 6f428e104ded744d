package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call as Python writes it in a block of {@code tool_code}, or a JSON object there. */
final class Gemma3Syntax extends ToolSyntax {
    private static final String FUNCTION =
            "(?:(?<name>(?!print\\()[A-Za-z_][A-Za-z0-9_.-]{0,127}+)(?=\\())?+(?<body>[({])";

    Gemma3Syntax() {
        super(
                List.of(),
                LiteralArguments.PYTHON,
                "```(?:tool_code|tool_call|json)\\s{1,64}+(?:print\\(|\\[)?" + FUNCTION,
                "(?:[),;]?" + SPACE + FUNCTION + "|[\\])]?" + SPACE + "```)");
    }

    @Override
    boolean isIn(String template) {
        return template.contains("```tool_code");
    }

    @Override
    String head(String name, @Nullable String id) {
        return "```tool_code\n" + plain("name", name);
    }

    @Override
    String tail(@Nullable String id) {
        return "\n```";
    }

    @Override
    String separator() {
        return "\n";
    }
}
