package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A list of calls as Python writes them, alone at the beginning of the answer or between marks. */
final class PythonSyntax extends ToolSyntax {
    private static final String FUNCTION = "(?<name>[A-Za-z_][A-Za-z0-9_.-]{0,127}+)(?<body>\\()";

    private final String open;
    private final String close;
    private final boolean needsMark;

    /**
     * Creates a syntax.
     *
     * @param open stands before the list
     * @param close follows on it, and may be missing
     * @param needsMark whether the marks are always there
     */
    PythonSyntax(String open, String close, boolean needsMark) {
        super(
                List.of(open, close),
                LiteralArguments.PYTHON,
                needsMark ? begin(open) : "(?:" + Pattern.quote(open) + SPACE + ")?+\\[" + SPACE + FUNCTION,
                begin(open),
                "(?:," + SPACE + FUNCTION + "|\\](?:" + SPACE + Pattern.quote(close) + ")?+)");
        this.open = open;
        this.close = close;
        this.needsMark = needsMark;
    }

    private static String begin(String open) {
        // Some models write JSON between the marks.
        return Pattern.quote(open) + SPACE + "\\[?" + SPACE
                + "(?:(?<name>[A-Za-z_][A-Za-z0-9_.-]{0,127}+)(?=\\())?+(?<body>[({])";
    }

    @Override
    boolean isIn(String template) {
        return template.contains(open) || (!needsMark && template.contains("func_name1("));
    }

    @Override
    String open() {
        return (needsMark ? open : "") + "[";
    }

    @Override
    String head(String name, @Nullable String id) {
        return plain("name", name);
    }

    @Override
    String separator() {
        return ", ";
    }

    @Override
    String close() {
        return "]" + (needsMark ? close : "");
    }
}
