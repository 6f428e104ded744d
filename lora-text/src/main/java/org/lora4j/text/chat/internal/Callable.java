package org.lora4j.text.chat.internal;

import org.jspecify.annotations.Nullable;

/** What a template can call: a function, a macro, or a method of a value. */
interface Callable {
    @Nullable
    Object call(Passed passed, Budget budget);
}
