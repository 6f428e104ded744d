package org.lora4j.text.chat.internal;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters of lists and maps that need all elements at once. */
final class ListFilters {
    static final Map<String, Routine> KNOWN = Map.ofEntries(
            entry("list", Routine.of("", (value, given) -> Sequence.list(Values.list(value, given.budget())))),
            entry("first", Routine.of("", ListFilters::first)),
            entry("last", Routine.of("", ListFilters::last)),
            entry("join", Routine.of("d='', attribute=None", ListFilters::join)),
            entry("dictsort", Routine.of("case_sensitive=False, by='key', reverse=False", ListFilters::sortedItems)),
            entry("sort", Routine.of("reverse=False, case_sensitive=False, attribute=None", ListFilters::sorted)),
            entry("min", Routine.of("case_sensitive=False, attribute=None", (value, given) -> end(value, given, -1))),
            entry("max", Routine.of("case_sensitive=False, attribute=None", (value, given) -> end(value, given, 1))),
            entry("reverse", Routine.of("", ListFilters::reversed)),
            entry("default", Routine.of("default_value='', boolean=False", ListFilters::orDefault)),
            entry("d", Routine.of("default_value='', boolean=False", ListFilters::orDefault)));

    private ListFilters() {}

    private static @Nullable Object orDefault(@Nullable Object value, CallArguments given) {
        boolean isMissing = value instanceof Undefined || (given.flag(1) && !Values.isTrue(value));
        return isMissing ? given.get(0) : value;
    }

    private static @Nullable Object first(@Nullable Object value, CallArguments given) {
        if (value instanceof String text && !text.isEmpty()) {
            return Character.toString(text.codePointAt(0));
        }
        if (value instanceof Sequence sequence && sequence.size() > 0) {
            return sequence.elements().get(0);
        }
        Iterator<@Nullable Object> elements = Values.iterator(value, given.budget());
        return elements.hasNext() ? elements.next() : new Undefined("an empty list has no first element");
    }

    private static @Nullable Object last(@Nullable Object value, CallArguments given) {
        if (value instanceof String text && !text.isEmpty()) {
            return Character.toString(text.codePointBefore(text.length()));
        }
        if (value instanceof Sequence sequence && sequence.size() > 0) {
            return sequence.elements().get(sequence.size() - 1);
        }
        if (value instanceof Generator) {
            throw Values.wrong("a list", value);
        }
        List<@Nullable Object> list = Values.list(value, given.budget());
        return list.isEmpty() ? new Undefined("an empty list has no last element") : list.get(list.size() - 1);
    }

    private static String join(@Nullable Object value, CallArguments given) {
        Budget budget = given.budget();
        String separator = given.written(0);
        StringBuilder out = new StringBuilder();
        String between = "";
        Iterator<@Nullable Object> elements = Values.iterator(value, budget);
        while (elements.hasNext()) {
            String text = Printer.text(Attributes.path(elements.next(), given.get(1), budget), budget);
            budget.grow(out.length(), between.length() + (long) text.length());
            out.append(between).append(text);
            between = separator;
        }
        return out.toString();
    }

    /** What is compared: without the case of letters, if they may differ in it. */
    static @Nullable Object key(@Nullable Object value, boolean caseCounts, Budget budget) {
        if (caseCounts || !(value instanceof String text)) {
            return value;
        }
        return CountedCase.lower(text, budget);
    }

    private record Keyed(@Nullable Object key, @Nullable Object element) {}

    private static Sequence sorted(List<Keyed> keyed, boolean descending, Budget budget) {
        Order.sort(keyed, Keyed::key, descending, budget);
        List<@Nullable Object> sorted = new ArrayList<>(keyed.size());
        keyed.forEach(one -> sorted.add(one.element));
        return Sequence.list(sorted);
    }

    private static Sequence sortedItems(@Nullable Object value, CallArguments given) {
        if (!(value instanceof Dict dict)) {
            throw Values.wrong("a map", value);
        }
        String by = given.text(1);
        if (!by.equals("key") && !by.equals("value")) {
            throw new JinjaException("dictsort: by must be key or value, found " + by);
        }
        List<Keyed> keyed = new ArrayList<>();
        for (Dict.Entry entry : dict.entries()) {
            Object compared = by.equals("key") ? entry.key() : entry.value();
            keyed.add(
                    new Keyed(key(compared, given.flag(0), given.budget()), Sequence.pair(entry.key(), entry.value())));
        }
        return sorted(keyed, given.flag(2), given.budget());
    }

    /** Several attributes, separated by commas, are compared one after the other. */
    private static Sequence sorted(@Nullable Object value, CallArguments given) {
        List<Keyed> keyed = new ArrayList<>();
        for (Object element : Values.list(value, given.budget())) {
            List<@Nullable Object> keys = new ArrayList<>();
            if (given.get(2) instanceof String paths) {
                for (String path : paths.split(",", -1)) {
                    keys.add(Attributes.path(element, path, given.budget()));
                }
            } else {
                keys.add(Attributes.path(element, given.get(2), given.budget()));
            }
            keys.replaceAll(key -> key(key, given.flag(1), given.budget()));
            keyed.add(new Keyed(Sequence.list(keys), element));
        }
        return sorted(keyed, given.flag(0), given.budget());
    }

    private static @Nullable Object end(@Nullable Object value, CallArguments given, int sign) {
        Iterator<@Nullable Object> elements = Values.iterator(value, given.budget());
        if (!elements.hasNext()) {
            return new Undefined("an empty list has no smallest and no largest element");
        }
        Object best = elements.next();
        Object bestKey = key(Attributes.path(best, given.get(1), given.budget()), given.flag(0), given.budget());
        while (elements.hasNext()) {
            Object next = elements.next();
            Object key = key(Attributes.path(next, given.get(1), given.budget()), given.flag(0), given.budget());
            int order = Order.compare(key, bestKey, given.budget());
            if (order != Numbers.UNORDERED && order * sign > 0) {
                best = next;
                bestKey = key;
            }
        }
        return best;
    }

    private static Object reversed(@Nullable Object value, CallArguments given) {
        if (value instanceof String text) {
            given.budget().text(text.length());
            return PythonText.reversed(text);
        }
        List<@Nullable Object> list = Values.list(value, given.budget());
        Collections.reverse(list);
        return value instanceof Generator ? Sequence.list(list) : new Generator(null, list::iterator);
    }
}
