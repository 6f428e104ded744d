package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Calls as JSON objects in a list, after a mark. */
abstract class JsonListSyntax extends ToolSyntax {
    private final String open;
    private final String close;

    /**
     * Creates a syntax.
     *
     * @param open what stands before the list
     * @param close what follows on it, which may be missing
     * @param begin the pattern of what stands before the list
     */
    JsonListSyntax(List<String> marks, String open, String close, String begin) {
        super(
                marks,
                new JsonArguments(),
                "(?:" + begin + ")" + SPACE + "\\[" + SPACE + BODY,
                "(?:," + SPACE + BODY + "|\\}?\\]"
                        + (close.isEmpty() ? "" : "(?:" + SPACE + Pattern.quote(close) + ")?+") + ")");
        this.open = open;
        this.close = close;
    }

    @Override
    String open() {
        return open + "[";
    }

    @Override
    String head(String name, @Nullable String id) {
        return "{\"name\": " + quoted(name) + ", \"arguments\": ";
    }

    @Override
    String tail(@Nullable String id) {
        return "}";
    }

    @Override
    String separator() {
        return ", ";
    }

    @Override
    String close() {
        return "]" + close;
    }
}
