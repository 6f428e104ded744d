package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names that a part of a template sees, and where it writes. */
final class Scope {
    final Budget budget;
    final StringBuilder out;
    /** Where generated text begins and ends in the output; null where the output is captured. */
    final @Nullable List<int[]> ranges;

    private final @Nullable Scope parent;
    private final Map<String, @Nullable Object> names = new HashMap<>();

    private Scope(Budget budget, StringBuilder out, @Nullable List<int[]> ranges, @Nullable Scope parent) {
        this.budget = budget;
        this.out = out;
        this.ranges = ranges;
        this.parent = parent;
    }

    static Scope root() {
        return new Scope(new Budget(), new StringBuilder(), new ArrayList<>(), null);
    }

    /** A scope for the body of a loop: what is set there is gone after it. */
    Scope inner() {
        return new Scope(budget, out, ranges, this);
    }

    /** A scope whose output is captured. */
    Scope captured() {
        return new Scope(budget, new StringBuilder(), null, this);
    }

    void set(String name, @Nullable Object value) {
        names.put(name, value);
    }

    @Nullable
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.parent) {
            if (scope.names.containsKey(name)) {
                return scope.names.get(name);
            }
        }
        return Undefined.UNDEFINED;
    }

    void write(String text) {
        budget.characters(text.length());
        out.append(text);
    }
}
