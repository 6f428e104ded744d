package org.lora4j.text.chat.internal;

import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Which values are equal, and which comes first, as in Python. */
final class Order {
    private Order() {}

    static boolean equal(@Nullable Object a, @Nullable Object b, Budget budget) {
        return equal(a, b, budget, 0);
    }

    private static boolean equal(@Nullable Object a, @Nullable Object b, Budget budget, int depth) {
        Values.requireDepth(depth);
        budget.operation();
        if (isText(a) && isText(b)) {
            String left = Printer.text(a, budget);
            String right = Printer.text(b, budget);
            budget.read(left.length() == right.length() ? left.length() : 0);
            return left.equals(right);
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.compare(a, b) == 0;
        }
        if (a instanceof Sequence left && b instanceof Sequence right) {
            return a == b || equal(left, right, budget, depth);
        }
        if (a instanceof Dict left && b instanceof Dict right) {
            return equal(left, right, budget, depth);
        }
        return a == b || (a instanceof Undefined && b instanceof Undefined);
    }

    private static boolean isText(@Nullable Object value) {
        return value instanceof String || value instanceof SafeText;
    }

    private static boolean equal(Sequence a, Sequence b, Budget budget, int depth) {
        if (!a.hasIndex() && !b.hasIndex()) {
            throw new JinjaException("a template can compare lists, found " + a.kind().title + "; use list");
        }
        if (a.kind() != b.kind() || a.size() != b.size()) {
            return false;
        }
        Iterator<@Nullable Object> other = b.elements().iterator();
        for (Object element : a.elements()) {
            if (!equal(element, other.next(), budget, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Dict a, Dict b, Budget budget, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Dict.Entry entry : a.entries()) {
            Dict.Entry other = b.find(entry.key(), budget);
            if (other == null || !equal(entry.value(), other.value(), budget, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    /** Returns a number below 0, 0, above 0, or {@link Numbers#UNORDERED}. */
    static int compare(@Nullable Object a, @Nullable Object b, Budget budget) {
        return compare(a, b, budget, 0);
    }

    private static int compare(@Nullable Object a, @Nullable Object b, Budget budget, int depth) {
        Values.requireDepth(depth);
        budget.operation();
        if (isText(a) && isText(b)) {
            return texts(Printer.text(a, budget), Printer.text(b, budget), budget);
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.compare(a, b);
        }
        if (a instanceof Sequence left
                && b instanceof Sequence right
                && left.kind() == right.kind()
                && (left.kind() == Sequence.Kind.LIST || left.kind() == Sequence.Kind.TUPLE)) {
            return lists(left.elements(), right.elements(), budget, depth);
        }
        Object wrong = Numbers.isNumber(a) || isText(a) ? b : a;
        if (wrong instanceof Undefined missing) {
            throw missing.error();
        }
        throw new JinjaException(
                "values must be of one kind to have an order, found " + Values.kind(a) + " and " + Values.kind(b));
    }

    private static int lists(List<@Nullable Object> a, List<@Nullable Object> b, Budget budget, int depth) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i), budget, depth + 1)) {
                return compare(a.get(i), b.get(i), budget, depth + 1);
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    /** By code points. */
    private static int texts(String a, String b, Budget budget) {
        int end = Math.min(a.length(), b.length());
        for (int i = 0; i < end; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                budget.read(i);
                boolean pair = Character.isSurrogate(x) != Character.isSurrogate(y);
                return pair ? Character.isSurrogate(x) ? 1 : -1 : Integer.compare(x, y);
            }
        }
        budget.read(end);
        return Integer.compare(a.length(), b.length());
    }

    /** Sorts by a key; what is equal stays in its order. */
    static <T> void sort(List<T> list, Function<T, @Nullable Object> key, boolean descending, Budget budget) {
        budget.elements(list.size());
        Comparator<T> order = (a, b) -> {
            int result = compare(key.apply(a), key.apply(b), budget);
            if (result == Numbers.UNORDERED) {
                throw new JinjaException("what is sorted must have an order, found a number that is none (nan)");
            }
            return result;
        };
        list.sort(descending ? order.reversed() : order);
    }
}
