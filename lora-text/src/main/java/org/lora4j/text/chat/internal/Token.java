package org.lora4j.text.chat.internal;

import org.jspecify.annotations.Nullable;

/**
 * A part of a template.
 *
 * @param kind what it is
 * @param text its text, without the quotes of a text
 * @param number the value of a number, else null
 * @param line where it stands
 */
record Token(Kind kind, String text, @Nullable Object number, int line) {
    enum Kind {
        TEXT("text"),
        OUTPUT("{{"),
        OUTPUT_END("}}"),
        BLOCK("{%"),
        BLOCK_END("%}"),
        NAME("a name"),
        STRING("a text"),
        NUMBER("a number"),
        OPERATOR("an operator"),
        END("the end of the template");

        final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    boolean is(Kind other, String value) {
        return kind == other && text.equals(value);
    }

    String title() {
        return text.isEmpty() ? kind.title : "'" + text + "'";
    }
}
