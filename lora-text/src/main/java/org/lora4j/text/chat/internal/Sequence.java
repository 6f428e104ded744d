package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values in an order: what Python calls a list, a tuple, a range, or a view of a dictionary. Nothing changes it.
 *
 * @param kind which of them
 * @param elements the values
 */
record Sequence(Kind kind, List<@Nullable Object> elements) {
    enum Kind {
        LIST("a list"),
        TUPLE("a tuple"),
        RANGE("a range"),
        KEYS("the keys of a map"),
        VALUES("the values of a map"),
        ITEMS("the items of a map");

        final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    Sequence {
        elements = Collections.unmodifiableList(elements);
    }

    static Sequence list(List<@Nullable Object> elements) {
        return new Sequence(Kind.LIST, elements);
    }

    static Sequence tuple(List<@Nullable Object> elements) {
        return new Sequence(Kind.TUPLE, elements);
    }

    static Sequence pair(@Nullable Object first, @Nullable Object second) {
        List<@Nullable Object> both = new ArrayList<>(2);
        both.add(first);
        both.add(second);
        return tuple(both);
    }

    /** Whether elements have numbers: views of a map have none. */
    boolean hasIndex() {
        return kind == Kind.LIST || kind == Kind.TUPLE || kind == Kind.RANGE;
    }

    int size() {
        return elements.size();
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
