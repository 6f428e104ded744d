package org.lora4j.text.grammar.internal;

import org.jspecify.annotations.Nullable;

/** A named expression, which is defined after others refer to it. */
final class Rule {
    private final String name;
    private @Nullable Expression body;

    Rule(String name) {
        this.name = name;
    }

    boolean isDefined() {
        return body != null;
    }

    String name() {
        return name;
    }

    void define(Expression expression) {
        body = expression;
    }

    Expression body() {
        if (body == null) {
            throw new IllegalStateException("rule " + name + " must be defined before it is used, found none");
        }
        return body;
    }
}
