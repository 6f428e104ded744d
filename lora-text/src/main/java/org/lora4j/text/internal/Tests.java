package org.lora4j.text.internal;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tests of Jinja: {@code value is name}. */
final class Tests {
    private static final Set<String> KNOWN = Set.of(
            "defined",
            "undefined",
            "none",
            "string",
            "mapping",
            "iterable",
            "sequence",
            "number",
            "integer",
            "float",
            "boolean",
            "true",
            "false",
            "even",
            "odd",
            "divisibleby",
            "callable",
            "in",
            "equalto",
            "eq",
            "ne",
            "lt",
            "gt",
            "le",
            "ge");

    private Tests() {}

    static void requireKnown(String name, int line) {
        if (!KNOWN.contains(name)) {
            throw new JinjaException(line, "a test must be one of " + KNOWN + ", found '" + name + "'");
        }
    }

    static boolean holds(String name, @Nullable Object value, List<@Nullable Object> arguments, Budget budget) {
        return switch (name) {
            case "defined" -> value != Undefined.UNDEFINED;
            case "undefined" -> value == Undefined.UNDEFINED;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            case "iterable", "sequence" -> value instanceof String || value instanceof List || value instanceof Map;
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "callable" -> value instanceof Callable;
            case "even" -> Values.number(value) % 2 == 0;
            case "odd" -> Values.number(value) % 2 != 0;
            default -> compared(name, value, arguments, budget);
        };
    }

    private static boolean compared(
            String name, @Nullable Object value, List<@Nullable Object> arguments, Budget budget) {
        if (arguments.size() != 1) {
            throw new JinjaException(
                    "the test " + name + " must have one value to compare with, found " + arguments.size());
        }
        Object other = arguments.get(0);
        return switch (name) {
            case "divisibleby" -> Values.number(value) % Values.number(other) == 0;
            case "in" -> Values.contains(other, value, budget);
            case "ne" -> !Values.equal(value, other, budget, 0);
            case "lt" -> Values.compare(value, other) < 0;
            case "gt" -> Values.compare(value, other) > 0;
            case "le" -> Values.compare(value, other) <= 0;
            case "ge" -> Values.compare(value, other) >= 0;
            default -> Values.equal(value, other, budget, 0);
        };
    }
}
