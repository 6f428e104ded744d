package org.lora4j.text.chat.internal;

import java.util.Iterator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The elements that filters such as {@code map} and {@code select} find: they are computed when they are asked for, once. */
final class Generator {
    /** One that computes from another needs the stack of both. */
    private static final int MOST_DEPTH = 50;

    private final int depth;
    private final Supplier<Iterator<@Nullable Object>> source;
    private @Nullable Iterator<@Nullable Object> iterator;

    /**
     * Creates a generator.
     *
     * @param of what its elements are computed from
     * @param source what returns them
     */
    Generator(@Nullable Object of, Supplier<Iterator<@Nullable Object>> source) {
        this.depth = of instanceof Generator other ? other.depth + 1 : 0;
        this.source = source;
        if (depth > MOST_DEPTH) {
            throw new JinjaException(
                    "filters must compute at most " + MOST_DEPTH + " times from each other, found more; use list");
        }
    }

    Iterator<@Nullable Object> iterator() {
        if (iterator == null) {
            iterator = source.get();
        }
        return iterator;
    }
}
