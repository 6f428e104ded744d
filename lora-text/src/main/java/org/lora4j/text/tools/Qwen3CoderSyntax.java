package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A function and its parameters as tags, between {@code <tool_call>} and {@code </tool_call>}. */
final class Qwen3CoderSyntax extends ToolSyntax {
    private static final String FUNCTION = "<function=";
    private static final String CALL = FUNCTION + NAME + ">" + SPACE + "(?<body><)";

    private final String open;
    private final String close;

    /**
     * Creates a syntax.
     *
     * @param open stands before a call, and may be missing
     * @param close follows on it
     */
    Qwen3CoderSyntax(String open, String close) {
        super(
                List.of(open, close),
                new TagArguments("<parameter=", ">", "", "", "\n", "</parameter>", "\n", "</function>"),
                "(?:" + open + SPACE + ")?+" + CALL,
                "(?:" + CALL + "|" + close + ")");
        this.open = open;
        this.close = close;
    }

    @Override
    boolean isIn(String template) {
        return template.contains(open) && template.contains(FUNCTION);
    }

    @Override
    String head(String name, @Nullable String id) {
        return open + "\n" + FUNCTION + plain("name", name) + ">\n";
    }

    @Override
    String tail(@Nullable String id) {
        return "\n" + close;
    }

    @Override
    String separator() {
        return "\n";
    }
}
