package org.lora4j.text.internal;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a template can call: a function or a macro. */
interface Callable {
    @Nullable
    Object call(List<@Nullable Object> arguments, Map<String, @Nullable Object> named);
}
