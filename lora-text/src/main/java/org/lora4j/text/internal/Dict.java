package org.lora4j.text.internal;

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
        static TupleKey of(Sequence tuple) {
            StringBuilder text = new StringBuilder();
            for (Object element : tuple.elements()) {
                Object key = key(element);
                String part = key instanceof TupleKey nested ? nested.text : key.toString();
                text.append(key.getClass().getSimpleName())
                        .append(part.length())
                        .append(':')
                        .append(part);
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

    void put(@Nullable Object key, @Nullable Object value) {
        Object known = key(key);
        Entry old = entries.get(known);
        entries.put(known, new Entry(old == null ? key : old.key, value));
    }

    /** Returns the entry of a key, or null. */
    @Nullable
    Entry find(@Nullable Object key) {
        return entries.get(key(key));
    }

    /** Returns the value of a key, or another. */
    @Nullable
    Object get(@Nullable Object key, @Nullable Object other) {
        Entry entry = find(key);
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

    /** What is equal for equal keys. */
    static Object key(@Nullable Object value) {
        if (value == null) {
            return NoKey.NONE;
        }
        if (value instanceof Undefined) {
            return NoKey.UNDEFINED;
        }
        if (value instanceof String) {
            return value;
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
            return TupleKey.of(sequence);
        }
        throw new JinjaException("a key must be a text, a number, a boolean or none, found " + Values.kind(value));
    }
}
