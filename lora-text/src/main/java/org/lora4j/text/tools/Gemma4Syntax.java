package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The name after {@code call:}, and arguments whose texts have marks around them, between {@code <|tool_call>} and {@code <tool_call|>}. */
final class Gemma4Syntax extends ToolSyntax {
    private static final String OPEN = "<|tool_call>";
    private static final String CLOSE = "<tool_call|>";

    Gemma4Syntax() {
        super(
                List.of(OPEN, CLOSE, "<|\"|>"),
                LiteralArguments.GEMMA,
                Pattern.quote(OPEN) + SPACE + "call:" + SPACE + NAME + SPACE + BODY,
                Pattern.quote(CLOSE));
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN);
    }

    @Override
    String head(String name, @Nullable String id) {
        return OPEN + "call:" + plain("name", name);
    }

    @Override
    String tail(@Nullable String id) {
        return CLOSE;
    }
}
