package org.lora4j.text.chat.internal;

import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of Python's values. Those that change a value, or that are not here, are refused by their names. */
final class Methods {
    private static final Map<String, Routine> OF_DICT = Map.of(
            "get",
                    Routine.of("key, default=None, /", (self, given) -> {
                        Dict dict = (Dict) Objects.requireNonNull(self);
                        return dict.get(given.get(0), given.get(1), given.budget());
                    }),
            "items",
                    Routine.of("", (self, given) -> elements((Dict) self, given).items()),
            "keys", Routine.of("", (self, given) -> elements((Dict) self, given).keys()),
            "values",
                    Routine.of("", (self, given) -> elements((Dict) self, given).values()),
            "copy", Routine.of("", (self, given) -> self));

    private static final Map<String, Routine> OF_SEQUENCE = Map.of(
            "index",
                    Routine.of("value, /", (self, given) -> {
                        int index = indexOf((Sequence) self, given);
                        if (index < 0) {
                            throw new JinjaException("index: the list must have the value, found none");
                        }
                        return (long) index;
                    }),
            "count",
                    Routine.of(
                            "value, /",
                            (self, given) -> Objects.requireNonNull((Sequence) self).elements().stream()
                                    .filter(element -> Order.equal(element, given.get(0), given.budget()))
                                    .count()));

    private static final Set<String> CHANGING = Set.of(
            "clear",
            "pop",
            "popitem",
            "setdefault",
            "update",
            "append",
            "reverse",
            "insert",
            "sort",
            "extend",
            "remove");
    private static final Set<String> OF_DICT_ONLY = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> OF_LIST_ONLY =
            Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");
    private static final Set<String> NOT_HERE_OF_NUMBERS = Set.of(
            "real",
            "imag",
            "numerator",
            "denominator",
            "bit_length",
            "bit_count",
            "conjugate",
            "to_bytes",
            "from_bytes",
            "as_integer_ratio",
            "is_integer",
            "hex",
            "fromhex");

    private Methods() {}

    private static Dict elements(@Nullable Dict dict, CallArguments given) {
        Dict self = Objects.requireNonNull(dict);
        given.budget().elements(self.size());
        return self;
    }

    private static int indexOf(@Nullable Sequence self, CallArguments given) {
        int i = 0;
        for (Object element : Objects.requireNonNull(self).elements()) {
            if (Order.equal(element, given.get(0), given.budget())) {
                return i;
            }
            i++;
        }
        return -1;
    }

    /** Returns a method, what stands for one that changes a value, or null if Python's value has none of this name. */
    static @Nullable Object find(@Nullable Object value, String name) {
        if (value instanceof String) {
            return method(value, name, TextMethods.KNOWN, TextMethods.NOT_HERE);
        }
        if (value instanceof SafeText) {
            return TextMethods.KNOWN.containsKey(name) ? refused(name) : null;
        }
        if (value instanceof Dict) {
            return OF_DICT_ONLY.contains(name) ? changing(name) : method(value, name, OF_DICT, Set.of("fromkeys"));
        }
        if (value instanceof Sequence sequence) {
            boolean isList = sequence.kind() == Sequence.Kind.LIST;
            return isList && OF_LIST_ONLY.contains(name)
                    ? changing(name)
                    : sequence.hasIndex()
                            ? method(
                                    value, name, OF_SEQUENCE, isList ? Set.of("copy") : Set.of("start", "stop", "step"))
                            : method(value, name, Map.of(), Set.of("mapping", "isdisjoint"));
        }
        return Numbers.isNumber(value) ? method(value, name, Map.of(), NOT_HERE_OF_NUMBERS) : null;
    }

    private static @Nullable Object method(
            @Nullable Object self, String name, Map<String, Routine> known, Set<String> notHere) {
        Routine routine = known.get(name);
        if (routine != null) {
            return (Callable) (passed, budget) -> routine.call(name, self, passed, budget);
        }
        return notHere.contains(name) ? refused(name) : null;
    }

    private static Callable refused(String name) {
        return (passed, budget) -> {
            throw new JinjaException("a template can call the methods " + TextMethods.KNOWN.keySet() + " of texts, "
                    + OF_DICT.keySet() + " of maps and " + OF_SEQUENCE.keySet() + " of lists, found '" + name + "'");
        };
    }

    private static Undefined changing(String name) {
        return new Undefined(
                "the method '" + name + "' changes a value, which a template cannot, as one of " + CHANGING);
    }
}
