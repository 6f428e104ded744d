package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Calls between marks of DeepSeek: the name after {@code function} and a mark, and the arguments in a block of {@code json}; or since
 * V3.1 without {@code function} and without a block.
 */
final class DeepSeekSyntax extends ToolSyntax {
    private static final String OPEN = "<｜tool▁calls▁begin｜>";
    private static final String CLOSE = "<｜tool▁calls▁end｜>";
    private static final String BEGIN = "<｜tool▁call▁begin｜>";
    private static final String END = "<｜tool▁call▁end｜>";
    private static final String NEXT = "<｜tool▁sep｜>";

    private final boolean hasBlock;

    DeepSeekSyntax(boolean hasBlock) {
        super(
                List.of(OPEN, CLOSE, BEGIN, END, NEXT),
                new JsonArguments(),
                OPEN + SPACE + call(hasBlock),
                "\\}?" + (hasBlock ? SPACE + "```" : "") + SPACE + END + SPACE + "(?:" + call(hasBlock) + "|" + CLOSE
                        + ")");
        this.hasBlock = hasBlock;
    }

    private static String call(boolean hasBlock) {
        return BEGIN
                + (hasBlock ? "function" + NEXT : "")
                + NAME
                + SPACE
                + (hasBlock ? "```json" : NEXT)
                + SPACE
                + BODY;
    }

    @Override
    boolean isIn(String template) {
        return template.contains(BEGIN) && template.contains("```json") == hasBlock;
    }

    @Override
    String open() {
        return OPEN;
    }

    @Override
    String head(String name, @Nullable String id) {
        return BEGIN + (hasBlock ? "function" + NEXT : "") + plain("name", name) + (hasBlock ? "\n```json\n" : NEXT);
    }

    @Override
    String tail(@Nullable String id) {
        return (hasBlock ? "\n```" : "") + END;
    }

    @Override
    String separator() {
        return hasBlock ? "\n" : "";
    }

    @Override
    String close() {
        return CLOSE;
    }
}
