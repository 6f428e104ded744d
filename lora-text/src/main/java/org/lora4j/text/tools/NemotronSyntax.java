package org.lora4j.text.tools;

import java.util.List;

/** A list between {@code <TOOLCALL>} and {@code </TOOLCALL>}. */
final class NemotronSyntax extends JsonListSyntax {
    private static final String OPEN = "<TOOLCALL>";
    private static final String CLOSE = "</TOOLCALL>";

    NemotronSyntax() {
        super(List.of(OPEN, CLOSE), OPEN, CLOSE, OPEN);
    }

    @Override
    boolean isIn(String template) {
        return template.contains(OPEN);
    }
}
