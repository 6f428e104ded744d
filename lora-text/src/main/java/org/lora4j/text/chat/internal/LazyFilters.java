package org.lora4j.text.chat.internal;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Filters that compute one element after the other, when it is asked for. */
final class LazyFilters {
    static final Map<String, Routine> KNOWN = Map.ofEntries(
            entry("map", new Routine(null, LazyFilters::mapped)),
            entry("select", new Routine(null, (value, given) -> selected(value, given, false, true))),
            entry("reject", new Routine(null, (value, given) -> selected(value, given, false, false))),
            entry("selectattr", new Routine(null, (value, given) -> selected(value, given, true, true))),
            entry("rejectattr", new Routine(null, (value, given) -> selected(value, given, true, false))),
            entry("unique", Routine.of("case_sensitive=False, attribute=None", LazyFilters::unique)),
            entry("items", Routine.of("", LazyFilters::items)),
            entry("batch", Routine.of("linecount, fill_with=None", LazyFilters::batches)));

    private LazyFilters() {}

    /** The elements for which a function returns something, which is what is returned of them. */
    private static final class Found implements Iterator<@Nullable Object> {
        /** An element can be computed from elements of another filter, which needs the stack of both. */
        private static final int LEVELS = 5;

        private final Iterator<@Nullable Object> elements;
        private final Function<@Nullable Object, @Nullable Object[]> function;
        private final Budget budget;
        private @Nullable Object @Nullable [] next;

        Found(
                Iterator<@Nullable Object> elements,
                Function<@Nullable Object, @Nullable Object[]> function,
                Budget budget) {
            this.elements = elements;
            this.function = function;
            this.budget = budget;
        }

        @Override
        public boolean hasNext() {
            if (next != null) {
                return true;
            }
            budget.enter(LEVELS);
            while (next == null && elements.hasNext()) {
                budget.operation();
                Object[] found = function.apply(elements.next());
                next = found.length == 0 ? null : found;
            }
            budget.leave(LEVELS);
            return next != null;
        }

        @Override
        public @Nullable Object next() {
            if (!hasNext() || next == null) {
                throw new NoSuchElementException();
            }
            Object found = next[0];
            next = null;
            return found;
        }
    }

    private static Generator found(
            @Nullable Object value, CallArguments given, Function<@Nullable Object, @Nullable Object[]> function) {
        return new Generator(value, () -> new Found(Values.iterator(value, given.budget()), function, given.budget()));
    }

    private static Generator empty() {
        return new Generator(null, Collections::emptyIterator);
    }

    private static Object mapped(@Nullable Object value, CallArguments given) {
        if (!Values.isTrue(value)) {
            return empty();
        }
        Passed passed = given.passed();
        if (!passed.values().isEmpty()) {
            if (!(passed.values().get(0) instanceof String name)) {
                throw new JinjaException("map: must have the name of a filter, found "
                        + Values.kind(passed.values().get(0)));
            }
            Routine filter = Filters.require(name);
            return found(
                    value, given, element -> new Object[] {filter.call(name, element, passed.from(1), given.budget())});
        }
        Map<String, @Nullable Object> named = new HashMap<>(passed.named());
        if (!named.containsKey("attribute")) {
            throw new JinjaException("map: must have a filter or the argument 'attribute', found neither");
        }
        Object path = named.remove("attribute");
        Object other = named.remove("default");
        new Passed(List.of(), named).requireNoNames("map");
        return found(value, given, element -> new Object[] {orOther(element, path, other, given.budget())});
    }

    /** Each part of the path that is missing is the default. */
    private static @Nullable Object orOther(
            @Nullable Object element, @Nullable Object path, @Nullable Object other, Budget budget) {
        if (other == null || !(path instanceof String names)) {
            Object result = Attributes.path(element, path, budget);
            return other != null && result instanceof Undefined ? other : result;
        }
        Object result = element;
        for (String name : Attributes.names(names, budget)) {
            result = Attributes.path(result, name, budget);
            result = result instanceof Undefined ? other : result;
        }
        return result;
    }

    private static Object selected(@Nullable Object value, CallArguments given, boolean ofAttribute, boolean keep) {
        if (!Values.isTrue(value)) {
            return empty();
        }
        Passed passed = given.passed();
        int used = ofAttribute ? 1 : 0;
        if (passed.values().size() < used) {
            throw new JinjaException(given.function() + ": must have the name of an attribute, found none");
        }
        Object path = ofAttribute ? passed.values().get(0) : null;
        Predicate<@Nullable Object> test = Values::isTrue;
        if (passed.values().size() > used) {
            if (!(passed.values().get(used) instanceof String name)) {
                throw new JinjaException(given.function() + ": must have the name of a test, found "
                        + Values.kind(passed.values().get(used)));
            }
            Routine routine = Tests.require(name);
            test = element -> Values.isTrue(routine.call(name, element, passed.from(used + 1), given.budget()));
        } else {
            passed.requireNoNames(given.function());
        }
        Predicate<@Nullable Object> holds = test;
        return found(
                value,
                given,
                element -> holds.test(Attributes.path(element, path, given.budget())) == keep
                        ? new Object[] {element}
                        : new Object[0]);
    }

    private static Object unique(@Nullable Object value, CallArguments given) {
        Set<Object> seen = new HashSet<>();
        return found(value, given, element -> {
            Object path = Attributes.path(element, given.get(1), given.budget());
            Object key = Dict.key(ListFilters.key(path, given.flag(0), given.budget()), given.budget());
            return seen.add(key) ? new Object[] {element} : new Object[0];
        });
    }

    private static Object items(@Nullable Object value, CallArguments given) {
        if (value instanceof Undefined) {
            return empty();
        }
        return new Generator(null, () -> {
            if (!(value instanceof Dict dict)) {
                throw Values.wrong("a map", value);
            }
            given.budget().elements(dict.size());
            return dict.items().elements().iterator();
        });
    }

    private static Object batches(@Nullable Object value, CallArguments given) {
        long size = given.integer(0);
        return new Generator(value, () -> {
            List<@Nullable Object> batches = new ArrayList<>();
            List<@Nullable Object> batch = new ArrayList<>();
            for (Object element : Values.list(value, given.budget())) {
                if (batch.size() == size) {
                    batches.add(Sequence.list(batch));
                    batch = new ArrayList<>();
                }
                batch.add(element);
            }
            while (!given.isNone(1) && !batch.isEmpty() && batch.size() < size) {
                given.budget().elements(1);
                batch.add(given.get(1));
            }
            if (!batch.isEmpty()) {
                batches.add(Sequence.list(batch));
            }
            return batches.iterator();
        });
    }
}
