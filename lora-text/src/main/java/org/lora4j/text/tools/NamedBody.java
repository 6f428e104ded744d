package org.lora4j.text.tools;

import org.jspecify.annotations.Nullable;

/** A call whose function stands before its arguments. */
abstract class NamedBody implements CallBody {
    private final @Nullable String id;
    private final String function;
    private final StringBuilder arguments;

    /**
     * Creates a call.
     *
     * @param begun the beginning of the arguments; empty if they have not begun
     */
    NamedBody(@Nullable String id, String function, String begun) {
        this.id = id;
        this.function = function;
        arguments = new StringBuilder(begun);
    }

    @Override
    public final @Nullable String id() {
        return id;
    }

    @Override
    public final String name() {
        return function;
    }

    @Override
    public final StringBuilder arguments() {
        return arguments;
    }
}
