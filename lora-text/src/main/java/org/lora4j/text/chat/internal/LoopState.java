package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Jinja's {@code loop}. Elements are computed one after the other, unless the template asks for their number. */
final class LoopState {
    private final Budget budget;
    private final BiPredicate<Sequence, Sequence> areEqual;
    private long length;
    private Iterator<@Nullable Object> rest;
    private long index = -1;
    private @Nullable Object before;
    private @Nullable Object current;
    private boolean peeked;
    private @Nullable Object after;
    private @Nullable Sequence lastChanged;

    /**
     * Creates the state before the first element.
     *
     * @param elements the elements
     * @param length how many there are; -1 if this is not known
     * @param budget what may be used
     * @param areEqual whether two lists are equal, for {@code loop.changed}
     */
    LoopState(
            Iterator<@Nullable Object> elements, long length, Budget budget, BiPredicate<Sequence, Sequence> areEqual) {
        this.rest = elements;
        this.length = length;
        this.budget = budget;
        this.areEqual = areEqual;
    }

    private boolean peek() {
        if (!peeked && rest.hasNext()) {
            after = rest.next();
            peeked = true;
        }
        return peeked;
    }

    boolean next() {
        if (!peek()) {
            return false;
        }
        before = current;
        current = after;
        peeked = false;
        index++;
        budget.operation();
        return true;
    }

    @Nullable
    Object current() {
        return current;
    }

    long length() {
        if (length < 0) {
            List<@Nullable Object> all = new ArrayList<>();
            rest.forEachRemaining(element -> {
                budget.elements(1);
                all.add(element);
            });
            length = index + 1 + (peeked ? 1 : 0) + all.size();
            rest = all.iterator();
        }
        return length;
    }

    @Nullable
    Object member(String name) {
        budget.operation();
        return switch (name) {
            case "index" -> index + 1;
            case "index0" -> index;
            case "first" -> index == 0;
            case "last" -> !peek();
            case "length" -> length();
            case "revindex" -> length() - index;
            case "revindex0" -> length() - index - 1;
            case "previtem" -> index == 0 ? new Undefined("there is no previous element") : before;
            case "nextitem" -> peek() ? after : new Undefined("there is no next element");
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "cycle" -> (Callable) (passed, budget) -> cycle(passed);
            case "changed" -> (Callable) (passed, budget) -> changed(passed);
            default -> Undefined.member(name);
        };
    }

    private @Nullable Object cycle(Passed passed) {
        passed.requireNoNames("loop.cycle");
        if (passed.values().isEmpty()) {
            throw new JinjaException("loop.cycle: must have at least one argument, found none");
        }
        return passed.values().get((int) (index % passed.values().size()));
    }

    private Boolean changed(Passed passed) {
        passed.requireNoNames("loop.changed");
        Sequence values = Sequence.tuple(passed.values());
        if (lastChanged != null && areEqual.test(lastChanged, values)) {
            return false;
        }
        lastChanged = values;
        return true;
    }
}
