package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Values by patterns of module paths: PEFT's {@code rank_pattern} and {@code alpha_pattern}. The first key that matches a
 * path or its end counts. The keys are compiled once.
 */
final class PatternMap<T> {
    /** The most keys. */
    static final int MAX_KEYS = 10_000;

    /** The largest size of all expressions together that are not plain paths. */
    static final int MAX_SIZE = 4000;

    private final List<Entry<T>> entries = new ArrayList<>();

    private record Entry<T>(Predicate<String> key, T value) {}

    /**
     * Compiles the keys.
     *
     * @param what the setting, for messages
     * @throws IllegalArgumentException if there are too many keys, or one is not an expression or too large
     */
    PatternMap(String what, Map<String, T> patterns) {
        if (patterns.size() > MAX_KEYS) {
            throw new IllegalArgumentException(
                    what + " must have at most " + MAX_KEYS + " keys, found " + patterns.size());
        }
        long size = 0;
        for (Map.Entry<String, T> pattern : patterns.entrySet()) {
            Optional<PlainKey> plain = PlainKey.of(pattern.getKey());
            if (plain.isPresent()) {
                entries.add(new Entry<>(plain.get()::matches, pattern.getValue()));
            } else {
                PathPattern expression = PathPattern.ofKey(pattern.getKey());
                size += expression.size();
                entries.add(new Entry<>(expression::matches, pattern.getValue()));
            }
        }
        if (size > MAX_SIZE) {
            throw new IllegalArgumentException(
                    what + ": all expressions together must have at most " + MAX_SIZE + " parts, found " + size);
        }
    }

    /** The value of the first key that matches, or a default. */
    T valueOf(String path, T otherwise) {
        for (Entry<T> entry : entries) {
            if (entry.key.test(path)) {
                return entry.value;
            }
        }
        return otherwise;
    }
}
