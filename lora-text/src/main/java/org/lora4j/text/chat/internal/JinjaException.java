package org.lora4j.text.chat.internal;

/** A template that is wrong, does what is not allowed, or refuses its input. */
public final class JinjaException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    JinjaException(String message) {
        super(message);
    }

    JinjaException(int line, String message) {
        super("line " + line + ": " + message);
    }
}
