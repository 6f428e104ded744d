package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What operators, brackets and dots compute. */
final class Operators {
    private Operators() {}

    static @Nullable Object arithmetic(String operator, @Nullable Object a, @Nullable Object b, Budget budget) {
        if (operator.equals("~")) {
            return joined(Values.text(a, budget), Values.text(b, budget), budget);
        }
        if (operator.equals("+") && a instanceof String left && b instanceof String right) {
            return joined(left, right, budget);
        }
        if (operator.equals("+") && a instanceof List && b instanceof List) {
            List<@Nullable Object> all = Values.list(a, budget);
            all.addAll(Values.list(b, budget));
            return all;
        }
        if (operator.equals("*") && a instanceof String text && b instanceof Long count) {
            long times = Math.max(0, Math.min(count, Integer.MAX_VALUE));
            budget.characters(text.length() * times);
            return text.repeat((int) times);
        }
        boolean whole = !(a instanceof Double) && !(b instanceof Double) && !operator.equals("/");
        double x = Values.number(a);
        double y = Values.number(b);
        if (y == 0 && "//%".contains(operator)) {
            throw new JinjaException("a number must not be divided by 0");
        }
        double result = switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            case "//" -> Math.floor(x / y);
            case "%" -> x - Math.floor(x / y) * y;
            default -> Math.pow(x, y);
        };
        // Whole numbers are exact up to 2^53, far more than a template counts.
        return whole && result == Math.rint(result) && Math.abs(result) <= 0x1p53
                ? (Object) (long) result
                : (Object) result;
    }

    private static String joined(String a, String b, Budget budget) {
        budget.characters((long) a.length() + b.length());
        return a + b;
    }

    static boolean compare(String operator, @Nullable Object a, @Nullable Object b, Budget budget) {
        return switch (operator) {
            case "==" -> Values.equal(a, b, budget, 0);
            case "!=" -> !Values.equal(a, b, budget, 0);
            case "in" -> Values.contains(b, a, budget);
            case "not in" -> !Values.contains(b, a, budget);
            case "<" -> Values.compare(a, b) < 0;
            case "<=" -> Values.compare(a, b) <= 0;
            case ">" -> Values.compare(a, b) > 0;
            default -> Values.compare(a, b) >= 0;
        };
    }

    /** {@code value.name} and {@code value['name']}, {@code value[0]}. */
    static @Nullable Object element(@Nullable Object value, @Nullable Object key) {
        if (value == Undefined.UNDEFINED || value == null) {
            throw new JinjaException("a value must exist before it has '" + key + "', found none");
        }
        if (value instanceof Namespace names) {
            return names.values().containsKey(String.valueOf(key))
                    ? names.values().get(String.valueOf(key))
                    : Undefined.UNDEFINED;
        }
        if (value instanceof Map<?, ?> map) {
            Object known = Values.requireKey(key);
            return map.containsKey(known) ? map.get(known) : Undefined.UNDEFINED;
        }
        if (key instanceof Long index && value instanceof List<?> list) {
            long i = index < 0 ? index + list.size() : index;
            return i >= 0 && i < list.size() ? list.get((int) i) : Undefined.UNDEFINED;
        }
        if (key instanceof Long index && value instanceof String text) {
            long i = index < 0 ? index + text.length() : index;
            return i >= 0 && i < text.length() ? String.valueOf(text.charAt((int) i)) : Undefined.UNDEFINED;
        }
        return Undefined.UNDEFINED;
    }

    /** {@code value[from:to:step]}, each of which can be null. */
    static Object slice(
            @Nullable Object value, @Nullable Object from, @Nullable Object to, @Nullable Object step, Budget budget) {
        List<@Nullable Object> all = Values.list(value, budget);
        int by = step == null ? 1 : Values.integer(step);
        if (by == 0) {
            throw new JinjaException("the step of a slice must not be 0");
        }
        int size = all.size();
        int start = bound(from, by > 0 ? 0 : size - 1, size, by);
        int end = to == null ? (by > 0 ? size : -1) : bound(to, 0, size, by);
        List<@Nullable Object> some = new ArrayList<>();
        for (long i = start; by > 0 ? i < end : i > end; i += by) {
            some.add(all.get((int) i));
        }
        if (value instanceof String) {
            StringBuilder text = new StringBuilder();
            some.forEach(text::append);
            budget.characters(text.length());
            return text.toString();
        }
        return some;
    }

    private static int bound(@Nullable Object given, int missing, int size, int by) {
        if (given == null) {
            return missing;
        }
        int index = Values.integer(given);
        int positive = index < 0 ? index + size : index;
        return by > 0 ? Math.max(0, Math.min(size, positive)) : Math.max(-1, Math.min(size - 1, positive));
    }
}
