package org.lora4j.text.chat.internal;

import org.jspecify.annotations.Nullable;

/**
 * A filter, a test or a method: computes from a value and arguments.
 *
 * @param signature the parameters; null if the body looks at the arguments itself
 * @param body what it computes
 */
record Routine(@Nullable Signature signature, Body body) {
    interface Body {
        @Nullable
        Object of(@Nullable Object value, CallArguments given);
    }

    static Routine of(String parameters, Body body) {
        return new Routine(Signature.of(parameters), body);
    }

    @Nullable
    Object call(String name, @Nullable Object value, Passed passed, Budget budget) {
        budget.operation();
        return body.of(
                value,
                signature == null
                        ? new CallArguments(name, passed.values(), passed, budget)
                        : signature.bind(name, passed, budget));
    }
}
