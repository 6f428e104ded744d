package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a dot and brackets find in a value. Both look for Python's methods too, the dot first, the brackets last. */
final class Attributes {
    private Attributes() {}

    /** {@code value.name}. */
    static @Nullable Object dot(@Nullable Object value, String name, Budget budget) {
        if (value instanceof Undefined missing) {
            throw missing.error();
        }
        if (value instanceof Namespace namespace) {
            return namespace.values().containsKey(name) ? namespace.values().get(name) : Undefined.member(name);
        }
        if (value instanceof LoopState loop) {
            return loop.member(name);
        }
        Object method = Methods.find(value, name);
        if (method != null) {
            return method;
        }
        return value instanceof Dict dict ? dict.get(name, Undefined.member(name), budget) : Undefined.member(name);
    }

    /** {@code value[key]}. */
    static @Nullable Object bracket(@Nullable Object value, @Nullable Object key, Budget budget) {
        if (value instanceof Undefined missing) {
            throw missing.error();
        }
        if (value instanceof Dict dict && Dict.isKey(key)) {
            Dict.Entry entry = dict.find(key, budget);
            if (entry != null) {
                return entry.value();
            }
        }
        if (Numbers.isWhole(key)) {
            return element(value, Numbers.index(key), budget);
        }
        if (key instanceof String name) {
            budget.read(name.length());
            return value instanceof Dict dict && Methods.find(dict, name) == null
                    ? Undefined.member(name)
                    : dot(value, name, budget);
        }
        return Undefined.member(Values.kind(key));
    }

    private static @Nullable Object element(@Nullable Object value, int index, Budget budget) {
        if (value instanceof Sequence sequence && sequence.hasIndex()) {
            long i = index < 0 ? index + (long) sequence.size() : index;
            return i >= 0 && i < sequence.size() ? sequence.elements().get((int) i) : Undefined.member(index);
        }
        if (value instanceof String text) {
            int length = PythonText.length(text, budget);
            long i = index < 0 ? index + (long) length : index;
            if (i >= 0 && i < length) {
                return Character.toString(text.codePointAt(PythonText.offset(text, 0, (int) i)));
            }
        }
        return Undefined.member(index);
    }

    /** What a filter finds by the path of its argument {@code attribute}, such as {@code function.name} or {@code 0}. */
    static @Nullable Object path(@Nullable Object value, @Nullable Object path, Budget budget) {
        if (path == null) {
            return value;
        }
        if (!(path instanceof String names)) {
            return bracket(value, path, budget);
        }
        Object result = value;
        for (String name : names(names, budget)) {
            boolean isNumber = PythonText.all(name, Character::isDigit);
            result = bracket(result, isNumber ? NumberParser.whole(name, 10) : name, budget);
        }
        return result;
    }

    /** The parts of a path. */
    static String[] names(String path, Budget budget) {
        budget.read(path.length());
        budget.elements(path.chars().filter(c -> c == '.').count());
        return path.split("\\.", -1);
    }

    /** {@code value[from:to:step]}, each of which can be null. */
    static Object slice(
            @Nullable Object value, @Nullable Object from, @Nullable Object to, @Nullable Object step, Budget budget) {
        int by = step == null ? 1 : Numbers.index(step);
        if (by == 0) {
            throw new JinjaException("the step of a slice must not be 0");
        }
        if (value instanceof String text) {
            return ofText(text, from, to, by, budget);
        }
        if (!(value instanceof Sequence sequence) || !sequence.hasIndex()) {
            throw Values.wrong("a list or a text to have slices", value);
        }
        List<@Nullable Object> some = new ArrayList<>();
        int size = sequence.size();
        long end = end(to, size, by);
        for (long i = start(from, size, by); by > 0 ? i < end : i > end; i += by) {
            budget.elements(1);
            some.add(sequence.elements().get((int) i));
        }
        return new Sequence(sequence.kind(), some);
    }

    private static String ofText(String text, @Nullable Object from, @Nullable Object to, int by, Budget budget) {
        int size = PythonText.length(text, budget);
        long start = start(from, size, by);
        long end = end(to, size, by);
        if (by == 1) {
            int begin = PythonText.offset(text, 0, (int) start);
            return text.substring(begin, PythonText.offset(text, begin, (int) Math.max(0, end - start)));
        }
        budget.text(text.length());
        int[] codePoints = text.codePoints().toArray();
        StringBuilder some = new StringBuilder();
        for (long i = start; by > 0 ? i < end : i > end; i += by) {
            some.appendCodePoint(codePoints[(int) i]);
        }
        return some.toString();
    }

    private static long start(@Nullable Object given, int size, int by) {
        return given == null ? by > 0 ? 0 : size - 1 : bound(given, size, by);
    }

    private static long end(@Nullable Object given, int size, int by) {
        return given == null ? by > 0 ? size : -1 : bound(given, size, by);
    }

    private static long bound(Object given, int size, int by) {
        long index = Numbers.index(given);
        long positive = index < 0 ? index + size : index;
        return by > 0 ? Math.max(0, Math.min(size, positive)) : Math.max(-1, Math.min(size - 1, positive));
    }
}
