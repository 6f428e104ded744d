package org.lora4j.adapter;

import org.jspecify.annotations.Nullable;

/** An expression that Python knows and that cannot be matched in linear time, such as one with a lookbehind. */
final class UnsupportedExpression extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    UnsupportedExpression(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
