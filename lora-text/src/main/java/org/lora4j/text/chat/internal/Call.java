package org.lora4j.text.chat.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The call of a function, a macro or a method.
 *
 * @param arguments what it gets
 */
record Call(Arguments arguments) implements Expression.Step {
    @Override
    public @Nullable Object apply(@Nullable Object function, Scope scope) {
        return call(function, arguments.passed(scope), scope);
    }

    /** Calls with what {@code caller} stands for. */
    @Nullable
    Object apply(@Nullable Object function, Callable caller, Scope scope) {
        Passed passed = arguments.passed(scope);
        Map<String, @Nullable Object> named = new LinkedHashMap<>(passed.named());
        named.put("caller", caller);
        return call(function, new Passed(passed.values(), named), scope);
    }

    private static @Nullable Object call(@Nullable Object function, Passed passed, Scope scope) {
        if (function instanceof Callable callable) {
            return callable.call(passed, scope.budget);
        }
        throw Values.wrong("a macro, a method or a function of chat templates to be called", function);
    }
}
