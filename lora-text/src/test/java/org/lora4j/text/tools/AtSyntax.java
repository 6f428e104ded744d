package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The name and the arguments in JSON between {@code @call} and {@code @end}. */
final class AtSyntax extends ToolSyntax {
    AtSyntax() {
        // The special tokens, the form of the arguments, the beginning of a call up to the first character that
        // differs, and what follows on it: the end, or the beginning of another one.
        super(List.of("@call", "@end"), new JsonArguments(), "@call" + SPACE + NAME + SPACE + BODY, "@end");
    }

    @Override
    boolean isIn(String template) {
        return template.contains("@call");
    }

    @Override
    String head(String name, @Nullable String id) {
        return "@call " + plain("name", name) + " ";
    }

    @Override
    String tail(@Nullable String id) {
        return " @end";
    }
}
