package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What operators compute. */
final class Operators {
    private Operators() {}

    static Object binary(String operator, @Nullable Object a, @Nullable Object b, Budget budget) {
        budget.operation();
        if (operator.equals("+") && a instanceof String left && b instanceof String right) {
            return PythonText.concatenate(left, right, budget);
        }
        if (operator.equals("%") && a instanceof String format) {
            return PercentFormat.operator(format, b, budget);
        }
        if (operator.equals("+") && (a instanceof SafeText || b instanceof SafeText)) {
            return new SafeText(PythonText.concatenate(
                    safe(a, budget).text(), safe(b, budget).text(), budget));
        }
        if (operator.equals("+") && a instanceof Sequence left && b instanceof Sequence right) {
            return concatenated(left, right, budget);
        }
        if (operator.equals("*") && Numbers.isWhole(b) && !Numbers.isNumber(a)) {
            return repeated(a, Numbers.index(b), budget);
        }
        if (operator.equals("*") && Numbers.isWhole(a) && !Numbers.isNumber(b)) {
            return repeated(b, Numbers.index(a), budget);
        }
        if (!Numbers.isNumber(a) || !Numbers.isNumber(b)) {
            throw Values.wrong("two values that " + operator + " can combine", Numbers.isNumber(a) ? b : a);
        }
        return Numbers.arithmetic(operator, a, b, budget);
    }

    private static SafeText safe(@Nullable Object value, Budget budget) {
        if (value instanceof SafeText safe) {
            return safe;
        }
        if (value instanceof String text) {
            return SafeText.escaped(text, budget);
        }
        throw Values.wrong("a text that is added to one that is marked as safe", value);
    }

    private static boolean isListOrTuple(@Nullable Object value) {
        return value instanceof Sequence sequence
                && (sequence.kind() == Sequence.Kind.LIST || sequence.kind() == Sequence.Kind.TUPLE);
    }

    private static Sequence concatenated(Sequence a, Sequence b, Budget budget) {
        if (a.kind() != b.kind() || !isListOrTuple(a)) {
            throw new JinjaException("+ must have two lists, found " + a.kind().title + " and " + b.kind().title);
        }
        budget.elements((long) a.size() + b.size());
        List<@Nullable Object> all = new ArrayList<>(a.size() + b.size());
        all.addAll(a.elements());
        all.addAll(b.elements());
        return new Sequence(a.kind(), all);
    }

    private static Object repeated(@Nullable Object value, int times, Budget budget) {
        if (value instanceof String text) {
            return PythonText.repeat(text, times, budget);
        }
        if (!(value instanceof Sequence sequence) || !isListOrTuple(sequence)) {
            throw Values.wrong("a text or a list to be repeated", value);
        }
        int count = sequence.size() == 0 ? 0 : Math.max(0, times);
        budget.elements((long) count * sequence.size());
        List<@Nullable Object> all = new ArrayList<>(count * sequence.size());
        for (int i = 0; i < count; i++) {
            all.addAll(sequence.elements());
        }
        return new Sequence(sequence.kind(), all);
    }

    static boolean compare(String operator, @Nullable Object a, @Nullable Object b, Budget budget) {
        budget.operation();
        switch (operator) {
            case "==" -> {
                return Order.equal(a, b, budget);
            }
            case "!=" -> {
                return !Order.equal(a, b, budget);
            }
            case "in" -> {
                return contains(b, a, budget);
            }
            case "not in" -> {
                return !contains(b, a, budget);
            }
            default -> {
                int order = Order.compare(a, b, budget);
                if (order == Numbers.UNORDERED) {
                    return false;
                }
                return switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    default -> order >= 0;
                };
            }
        }
    }

    private static boolean containsKey(Dict dict, @Nullable Object key, Budget budget) {
        boolean isList = key instanceof Sequence sequence && sequence.kind() == Sequence.Kind.LIST;
        if (key instanceof Dict || isList) {
            throw Values.wrong("a value that can be a key", key);
        }
        return Dict.isKey(key) && dict.find(key, budget) != null;
    }

    private static boolean contains(@Nullable Object container, @Nullable Object element, Budget budget) {
        if (container instanceof String text) {
            if (!(element instanceof String part)) {
                throw Values.wrong("a text that is looked for in a text", element);
            }
            budget.read(text.length());
            return new Needle(part, budget).find(text, 0) >= 0;
        }
        if (container instanceof Dict dict) {
            return containsKey(dict, element, budget);
        }
        if (container instanceof Sequence sequence
                && sequence.kind() == Sequence.Kind.RANGE
                && !Numbers.isNumber(element)) {
            return false;
        }
        Iterator<@Nullable Object> elements = container instanceof Sequence sequence
                ? sequence.elements().iterator()
                : Values.iterator(container, budget);
        while (elements.hasNext()) {
            if (Order.equal(elements.next(), element, budget)) {
                return true;
            }
        }
        return false;
    }
}
