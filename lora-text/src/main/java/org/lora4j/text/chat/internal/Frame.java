package org.lora4j.text.chat.internal;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names of a part of a template that has names of its own, such as the body of a loop. Jinja finds them before it runs a
 * template: a name that a part sets before it reads it has no value in that part until then, although a caller gave one.
 */
final class Frame {
    private final @Nullable Frame outer;
    private final Set<String> known = new HashSet<>();
    private final Set<String> setFirst = new HashSet<>();
    private int branches;

    Frame(@Nullable Frame outer) {
        this.outer = outer;
    }

    /** Begins a branch: what is set in it may stay without a value. */
    void beginBranch() {
        branches++;
    }

    void endBranch() {
        branches--;
    }

    void read(String name) {
        known.add(name);
    }

    void set(String name) {
        if (known.add(name) && branches == 0) {
            setFirst.add(name);
        }
    }

    private boolean knows(String name) {
        return known.contains(name) || (outer != null && outer.knows(name));
    }

    /** Finishes a template, whose frames are all known. */
    void close() {
        setFirst.removeIf(name -> outer != null && outer.knows(name));
    }

    /** The body of the part. */
    Statement of(Statement body) {
        return scope -> {
            scope.budget.elements(setFirst.size());
            setFirst.forEach(name -> scope.set(name, Undefined.name(name)));
            return body.run(scope);
        };
    }
}
