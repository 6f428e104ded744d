package org.lora4j.text.chat.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The only value that a template can change: {@code namespace()}.
 *
 * @param values the values by name
 */
record Namespace(Map<String, @Nullable Object> values) {
    Namespace() {
        this(new LinkedHashMap<>());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
