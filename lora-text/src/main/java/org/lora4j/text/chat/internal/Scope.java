package org.lora4j.text.chat.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names that a part of a template sees, and where it writes. */
final class Scope {
    final Budget budget;
    final Output out;

    private final @Nullable Scope parent;
    private @Nullable Map<String, @Nullable Object> names;

    private Scope(Budget budget, Output out, @Nullable Scope parent) {
        this.budget = budget;
        this.out = out;
        this.parent = parent;
    }

    static Scope root() {
        Budget budget = new Budget();
        return new Scope(budget, new Output(budget), null);
    }

    /** A scope for a part of its own, such as the body of a loop: what is set there is gone after it. */
    Scope inner() {
        return new Scope(budget, out, this);
    }

    /** A scope whose output is captured. */
    Scope captured() {
        return new Scope(budget, out.captured(), this);
    }

    void set(String name, @Nullable Object value) {
        if (names == null) {
            names = new HashMap<>();
        }
        names.put(name, value);
    }

    @Nullable
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.parent) {
            if (scope.names != null && scope.names.containsKey(name)) {
                return scope.names.get(name);
            }
        }
        return Undefined.name(name);
    }
}
