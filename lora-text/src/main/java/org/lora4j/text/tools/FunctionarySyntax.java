package org.lora4j.text.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The arguments in JSON between {@code <function=weather>} and {@code </function>}. */
final class FunctionarySyntax extends ToolSyntax {
    FunctionarySyntax() {
        super(List.of(), new JsonArguments(), "<function=" + NAME + ">" + SPACE + BODY, "\\}?" + SPACE + "</function>");
    }

    @Override
    boolean isIn(String template) {
        return template.contains("<function=");
    }

    @Override
    String head(String name, @Nullable String id) {
        return "<function=" + plain("name", name) + ">";
    }

    @Override
    String tail(@Nullable String id) {
        return "</function>";
    }
}
