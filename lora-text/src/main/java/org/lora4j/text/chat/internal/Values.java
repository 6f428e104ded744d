package org.lora4j.text.chat.internal;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of templates, as Python has them: null, {@link Undefined}, Boolean, Long, BigInteger, Double, String, {@link SafeText},
 * {@link Sequence}, {@link Generator}, {@link Dict}, {@link Namespace} and {@link Callable}. Nothing else gets in, so a template
 * reaches no Java class.
 */
final class Values {
    static final int MOST_DEPTH = 100;

    private Values() {}

    /** Copies what a caller gives. */
    static @Nullable Object of(@Nullable Object value, Budget budget, int depth) {
        requireDepth(depth);
        budget.elements(1);
        if (value == null || value instanceof Boolean || value instanceof String) {
            return value;
        }
        if (value instanceof BigInteger whole) {
            return Numbers.of(whole);
        }
        if (value instanceof Double || value instanceof Float || value instanceof BigDecimal) {
            return ((Number) value).doubleValue();
        }
        if (value instanceof Number number) {
            return number.longValue();
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list.size());
            list.forEach(element -> copy.add(of(element, budget, depth + 1)));
            return Sequence.list(copy);
        }
        if (value instanceof Map<?, ?> map) {
            Dict copy = new Dict();
            map.forEach((key, element) -> copy.put(of(key, budget, depth + 1), of(element, budget, depth + 1), budget));
            return copy;
        }
        throw new JinjaException(
                "a template takes texts, numbers, booleans, lists and maps, found " + value.getClass());
    }

    static void requireDepth(int depth) {
        if (depth > MOST_DEPTH) {
            throw new JinjaException("values must be nested at most " + MOST_DEPTH + " deep, found more");
        }
    }

    static boolean isTrue(@Nullable Object value) {
        if (value == null || value instanceof Undefined) {
            return false;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        if (value instanceof Double number) {
            return number != 0;
        }
        if (Numbers.isWhole(value)) {
            return Numbers.whole(value).signum() != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof SafeText safe) {
            return !safe.text().isEmpty();
        }
        if (value instanceof Sequence sequence) {
            return sequence.size() > 0;
        }
        return !(value instanceof Dict dict) || dict.size() > 0;
    }

    /** What a value is, for messages. */
    static String kind(@Nullable Object value) {
        if (value == null) {
            return "none";
        }
        if (value instanceof Undefined missing) {
            return "that " + missing.reason();
        }
        if (value instanceof Sequence sequence) {
            return sequence.kind().title;
        }
        return value instanceof Boolean
                ? "a boolean"
                : Numbers.isNumber(value)
                        ? "a number"
                        : value instanceof String
                                ? "a text"
                                : value instanceof SafeText
                                        ? "a text that is marked as safe"
                                        : value instanceof Dict
                                                ? "a map"
                                                : value instanceof Generator
                                                        ? "what a filter computes one by one; use list"
                                                        : value instanceof Namespace ? "a namespace" : "a function";
    }

    static JinjaException wrong(String expected, @Nullable Object value) {
        return value instanceof Undefined missing
                ? missing.error()
                : new JinjaException("must be " + expected + ", found " + kind(value));
    }

    /** Returns whether a value has elements one after the other. */
    static boolean isIterable(@Nullable Object value) {
        return value instanceof Undefined
                || value instanceof String
                || value instanceof Sequence
                || value instanceof Dict
                || value instanceof Generator
                || value instanceof LoopState;
    }

    /** The elements of what can be iterated over: the keys of a map, the characters of a text. */
    static Iterator<@Nullable Object> iterator(@Nullable Object value, Budget budget) {
        if (value instanceof Generator generator) {
            return generator.iterator();
        }
        return list(value, budget).iterator();
    }

    /** The elements, as a list of their own. */
    static List<@Nullable Object> list(@Nullable Object value, Budget budget) {
        List<@Nullable Object> list = new ArrayList<>();
        if (value instanceof Sequence sequence) {
            budget.elements(sequence.size());
            list.addAll(sequence.elements());
        } else if (value instanceof Dict dict) {
            budget.elements(dict.size());
            list.addAll(dict.keys().elements());
        } else if (value instanceof String text) {
            budget.elements(text.length());
            text.codePoints().forEach(c -> list.add(Character.toString(c)));
        } else if (value instanceof Generator generator) {
            generator.iterator().forEachRemaining(element -> {
                budget.elements(1);
                list.add(element);
            });
        } else if (!(value instanceof Undefined)) {
            throw wrong("a list, a map or a text", value);
        }
        return list;
    }

    /** Python's {@code len}. */
    static long length(@Nullable Object value, Budget budget) {
        if (value instanceof String text) {
            return PythonText.length(text, budget);
        }
        if (value instanceof SafeText safe) {
            return PythonText.length(safe.text(), budget);
        }
        if (value instanceof Sequence sequence) {
            return sequence.size();
        }
        if (value instanceof Dict dict) {
            return dict.size();
        }
        if (value instanceof Undefined) {
            return 0;
        }
        if (value instanceof LoopState loop) {
            return loop.length();
        }
        throw wrong("a list, a map or a text", value);
    }
}
