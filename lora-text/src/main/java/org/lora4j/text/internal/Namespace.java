package org.lora4j.text.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The only value that a template can change: {@code namespace()}. */
record Namespace(Map<String, @Nullable Object> values) {
    Namespace() {
        this(new HashMap<>());
    }
}
