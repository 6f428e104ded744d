package org.lora4j.text.chat.internal;

import static java.util.Map.entry;

import java.math.BigInteger;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The tests of Jinja: {@code value is name}. */
final class Tests {
    private interface Test {
        boolean holds(@Nullable Object value, CallArguments given);
    }

    private static final Map<String, Routine> KNOWN = new TreeMap<>(Map.ofEntries(
            entry("defined", test("", (value, given) -> !(value instanceof Undefined))),
            entry("undefined", test("", (value, given) -> value instanceof Undefined)),
            entry("none", test("", (value, given) -> value == null)),
            entry("string", test("", (value, given) -> value instanceof String || value instanceof SafeText)),
            entry("mapping", test("", (value, given) -> value instanceof Dict)),
            entry("iterable", test("", (value, given) -> Values.isIterable(value))),
            entry("sequence", test("", (value, given) -> isSequence(value))),
            entry("number", test("", (value, given) -> Numbers.isNumber(value))),
            entry("integer", test("", (value, given) -> value instanceof Long || value instanceof BigInteger)),
            entry("float", test("", (value, given) -> value instanceof Double)),
            entry("boolean", test("", (value, given) -> value instanceof Boolean)),
            entry("true", test("", (value, given) -> Boolean.TRUE.equals(value))),
            entry("false", test("", (value, given) -> Boolean.FALSE.equals(value))),
            entry("callable", test("", (value, given) -> value instanceof Callable || value instanceof Undefined)),
            entry("lower", test("", (value, given) -> TextMethods.isLower(written(value, given)))),
            entry("upper", test("", (value, given) -> TextMethods.isUpper(written(value, given)))),
            entry("even", test("", (value, given) -> isZero(Numbers.arithmetic("%", value, 2L, given.budget())))),
            entry("odd", test("", (value, given) -> isOne(Numbers.arithmetic("%", value, 2L, given.budget())))),
            entry(
                    "divisibleby",
                    test(
                            "num",
                            (value, given) -> isZero(Numbers.arithmetic("%", value, given.get(0), given.budget())))),
            entry("in", test("seq", (value, given) -> Operators.compare("in", value, given.get(0), given.budget()))),
            entry("sameas", test("other", Tests::isSame))));

    static {
        compared("==", "eq", "equalto");
        compared("!=", "ne");
        compared("<", "lt", "lessthan");
        compared("<=", "le");
        compared(">", "gt", "greaterthan");
        compared(">=", "ge");
    }

    private Tests() {}

    private static Routine test(String parameters, Test test) {
        return Routine.of(parameters, test::holds);
    }

    private static void compared(String operator, String... names) {
        Routine test =
                test("other, /", (value, given) -> Operators.compare(operator, value, given.get(0), given.budget()));
        KNOWN.put(operator, test);
        for (String name : names) {
            KNOWN.put(name, test);
        }
    }

    static boolean isKnown(String name) {
        return KNOWN.containsKey(name);
    }

    static Routine require(String name) {
        Routine test = KNOWN.get(name);
        if (test == null) {
            throw new JinjaException(refusal(name));
        }
        return test;
    }

    static String refusal(String name) {
        return "a test must be one of " + KNOWN.keySet() + ", found '" + name + "'";
    }

    private static String written(@Nullable Object value, CallArguments given) {
        String text = Printer.text(value, given.budget());
        given.budget().read(text.length());
        return text;
    }

    private static boolean isSequence(@Nullable Object value) {
        return value instanceof String
                || value instanceof SafeText
                || value instanceof Dict
                || value instanceof Undefined
                || (value instanceof Sequence sequence && sequence.hasIndex());
    }

    private static boolean isZero(Object number) {
        return !Values.isTrue(number);
    }

    private static boolean isOne(Object number) {
        return Numbers.compare(number, 1L) == 0;
    }

    private static boolean isSame(@Nullable Object value, CallArguments given) {
        Object other = given.get(0);
        if (value == null || other == null || value instanceof Boolean || other instanceof Boolean) {
            return Objects.equals(value, other);
        }
        throw new JinjaException("sameas: must have a boolean or none, found " + Values.kind(other) + "; use ==");
    }
}
