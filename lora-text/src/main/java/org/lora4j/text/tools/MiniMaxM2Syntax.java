package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Functions and their parameters as tags with names, between {@code <minimax:tool_call>} and {@code </minimax:tool_call>}. */
final class MiniMaxM2Syntax extends ToolSyntax {
    private static final String OPEN = "<minimax:tool_call>";
    private static final String CLOSE = "</minimax:tool_call>";
    private static final String INVOKE = "<invoke name=\"";
    private static final String CALL = INVOKE + NAME + "\">" + SPACE + "(?<body><)";

    MiniMaxM2Syntax() {
        super(
                List.of(OPEN, CLOSE),
                new TagArguments("<parameter name=\"", "\">", "", "", "", "</parameter>", "\n", "</invoke>"),
                OPEN + SPACE + CALL,
                "(?:" + CALL + "|" + CLOSE + ")");
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
        return INVOKE + plain("name", name) + "\">\n";
    }

    @Override
    String tail(@Nullable String id) {
        return "\n";
    }

    @Override
    String close() {
        return CLOSE;
    }
}
