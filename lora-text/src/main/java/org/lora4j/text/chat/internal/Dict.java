package org.lora4j.text.chat.internal;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's dictionary, in the order in which keys were put. Keys that are equal numbers are one key. */
final class Dict {
    record Entry(@Nullable Object key, @Nullable Object value) {}

    /** A tuple as a key. Texts have an order, so that many keys with one hash code cost little. */
    private record TupleKey(String text) implements Comparable<TupleKey> {
        static TupleKey of(Sequence tuple, Budget budget, int depth) {
            Values.requireDepth(depth);
            budget.elements(tuple.size());
            StringBuilder text = new StringBuilder();
            for (Object element : tuple.elements()) {
                Object key = key(element, budget, depth + 1);
                String part = key instanceof TupleKey nested ? nested.text : key.toString();
                String kind = key.getClass().getSimpleName() + part.length() + ':';
                budget.grow(text.length(), kind.length() + (long) part.length());
                text.append(kind).append(part);
            }
            return new TupleKey(text.toString());
        }

        @Override
        public int compareTo(TupleKey other) {
            return text.compareTo(other.text);
        }
    }

    private enum NoKey {
        NONE,
        UNDEFINED
    }

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    void put(@Nullable Object key, @Nullable Object value, Budget budget) {
        Object known = key(key, budget);
        Entry old = entries.get(known);
        entries.put(known, new Entry(old == null ? key : old.key, value));
    }

    /** Returns the entry of a key, or null. */
    @Nullable
    Entry find(@Nullable Object key, Budget budget) {
        return entries.get(key(key, budget));
    }

    /** Returns the value of a key, or another. */
    @Nullable
    Object get(@Nullable Object key, @Nullable Object other, Budget budget) {
        Entry entry = find(key, budget);
        return entry == null ? other : entry.value;
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    int size() {
        return entries.size();
    }

    Sequence keys() {
        List<@Nullable Object> keys = new ArrayList<>(size());
        entries().forEach(entry -> keys.add(entry.key));
        return new Sequence(Sequence.Kind.KEYS, keys);
    }

    Sequence values() {
        List<@Nullable Object> values = new ArrayList<>(size());
        entries().forEach(entry -> values.add(entry.value));
        return new Sequence(Sequence.Kind.VALUES, values);
    }

    Sequence items() {
        List<@Nullable Object> items = new ArrayList<>(size());
        entries().forEach(entry -> items.add(Sequence.pair(entry.key, entry.value)));
        return new Sequence(Sequence.Kind.ITEMS, items);
    }

    /** Whether a value can be a key. */
    static boolean isKey(@Nullable Object value) {
        return value == null
                || value instanceof Undefined
                || value instanceof String
                || Numbers.isNumber(value)
                || (value instanceof Sequence sequence && sequence.kind() == Sequence.Kind.TUPLE);
    }

    /** What is equal for equal keys. Its characters are counted, since keys are compared. */
    static Object key(@Nullable Object value, Budget budget) {
        return key(value, budget, 0);
    }

    private static Object key(@Nullable Object value, Budget budget, int depth) {
        if (value == null) {
            return NoKey.NONE;
        }
        if (value instanceof Undefined) {
            return NoKey.UNDEFINED;
        }
        if (value instanceof String text) {
            budget.read(text.length());
            return text;
        }
        if (Numbers.isWhole(value)) {
            return Numbers.of(Numbers.whole(value));
        }
        if (value instanceof Double number) {
            return number == Math.rint(number) && !Double.isInfinite(number)
                    ? Numbers.of(new BigDecimal(number).toBigInteger())
                    : number;
        }
        if (value instanceof Sequence sequence && sequence.kind() == Sequence.Kind.TUPLE) {
            return TupleKey.of(sequence, budget, depth);
        }
        throw new JinjaException("a key must be a text, a number, a boolean or none, found " + Values.kind(value));
    }
}
