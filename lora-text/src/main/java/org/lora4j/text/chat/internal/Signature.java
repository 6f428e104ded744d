package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters of a filter, a test, a method or a function, with their defaults. */
final class Signature {
    private enum Missing {
        REQUIRED
    }

    private final List<String> names = new ArrayList<>();
    private final List<@Nullable Object> defaults = new ArrayList<>();
    private final boolean byName;

    private Signature(boolean byName) {
        this.byName = byName;
    }

    /**
     * Reads parameters as Python writes them.
     *
     * @param parameters such as {@code old, new, count=-1}; with {@code /} at the end none can be given by its name
     */
    static Signature of(String parameters) {
        boolean byName = !parameters.endsWith("/");
        Signature signature = new Signature(byName);
        for (String parameter : parameters.split(", ", -1)) {
            if (!parameter.isEmpty() && !parameter.equals("/")) {
                int at = parameter.indexOf('=');
                signature.names.add(at < 0 ? parameter : parameter.substring(0, at));
                signature.defaults.add(at < 0 ? Missing.REQUIRED : literal(parameter.substring(at + 1)));
            }
        }
        return signature;
    }

    private static @Nullable Object literal(String text) {
        return switch (text) {
            case "None" -> null;
            case "True" -> true;
            case "False" -> false;
            case "0.0" -> 0.0;
            default ->
                text.startsWith("'") ? (Object) text.substring(1, text.length() - 1) : (Object) Long.valueOf(text);
        };
    }

    /** Gives each parameter its argument, or its default. */
    CallArguments bind(String function, Passed passed, Budget budget) {
        if (passed.values().size() > names.size()) {
            throw new JinjaException(function + ": must have at most " + names.size() + " arguments " + names
                    + ", found " + passed.values().size());
        }
        Map<String, @Nullable Object> named = new HashMap<>(passed.named());
        List<@Nullable Object> values = new ArrayList<>(passed.values());
        for (int i = 0; i < names.size(); i++) {
            boolean isNamed = byName && named.containsKey(names.get(i));
            if (isNamed && i < passed.values().size()) {
                throw new JinjaException(
                        function + ": the argument '" + names.get(i) + "' must be given once, found two");
            }
            if (i >= passed.values().size()) {
                values.add(isNamed ? named.remove(names.get(i)) : required(function, i));
            }
        }
        new Passed(List.of(), named).requireNoNames(function);
        return new CallArguments(function, values, passed, budget);
    }

    private @Nullable Object required(String function, int i) {
        if (defaults.get(i) == Missing.REQUIRED) {
            throw new JinjaException(function + ": must have the argument '" + names.get(i) + "', found none");
        }
        return defaults.get(i);
    }
}
