package org.lora4j.text.internal;

import org.jspecify.annotations.Nullable;

/** A part of a template that has a value. */
interface Expression {
    @Nullable
    Object value(Scope scope);
}
