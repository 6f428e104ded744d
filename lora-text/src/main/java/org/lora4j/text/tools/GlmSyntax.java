package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The name and then keys and values as tags, between {@code <tool_call>} and {@code </tool_call>}. */
final class GlmSyntax extends ToolSyntax {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";
    private static final String KEY = "<arg_key>";
    private static final String AFTER_KEY = "</arg_key>";
    private static final String VALUE = "<arg_value>";
    private static final String AFTER_VALUE = "</arg_value>";

    GlmSyntax() {
        super(
                List.of(OPEN, CLOSE, KEY, AFTER_KEY, VALUE, AFTER_VALUE),
                new TagArguments(KEY, AFTER_KEY, "\n", VALUE, "", AFTER_VALUE, "\n", CLOSE),
                OPEN + SPACE + NAME + SPACE + "(?<body><)",
                null);
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN) && template.contains(KEY);
    }

    @Override
    String head(String name, @Nullable String id) {
        return OPEN + plain("name", name) + "\n";
    }

    @Override
    String separator() {
        return "\n";
    }
}
