package org.lora4j.text.grammar.internal;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * An expression whose shortest text does not follow from those of its parts, so that its derivatives are searched for it (A*,
 * with a lower bound of the length). An intersection may be without texts although none of its parts is. It has no references.
 */
abstract class Searched extends Expression {
    Searched(ExpressionFactory all, int depth) {
        super(all, true, true, depth);
    }

    /** Returns a number that no text is shorter than, without a search. */
    abstract long lowerBound();

    private record Step(
            Expression at,
            long length,
            long bound,
            @Nullable Step before) {}

    private static long bound(Expression of) {
        if (of instanceof Searched searched) {
            return searched.isShortestKnown() ? searched.shortest() : searched.lowerBound();
        }
        return of.shortest();
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        return shortest();
    }

    @Override
    long computeShortest() {
        Map<Expression, Long> lengths = new HashMap<>();
        Set<Expression> done = new HashSet<>();
        PriorityQueue<Step> queue = new PriorityQueue<>(Comparator.comparingLong(Step::bound));
        queue.add(new Step(this, 0, lowerBound(), null));
        while (!queue.isEmpty()) {
            Step step = queue.remove();
            if (step.bound() >= NO_END) {
                break;
            }
            if (!done.add(step.at())) {
                continue;
            }
            boolean isKnown = !(step.at() instanceof Searched) || step.at().isShortestKnown();
            if (isKnown || step.at().isNullable()) {
                long rest = isKnown ? step.at().shortest() : 0;
                note(step, rest);
                return rest + step.length();
            }
            all.effort().spend(all.groups().typedBytes().length);
            for (int value : all.groups().typedBytes()) {
                Expression next = step.at().after(value);
                long length = step.length() + 1;
                if (lengths.getOrDefault(next, NO_END) > length) {
                    lengths.put(next, length);
                    queue.add(new Step(next, length, sum(length, bound(next)), step));
                }
            }
        }
        done.forEach(one -> one.setShortest(NO_END));
        return NO_END;
    }

    /** Each part of a shortest way is a shortest way. */
    private static void note(Step last, long rest) {
        Deque<Step> way = new ArrayDeque<>();
        for (Step step = last; step != null; step = step.before()) {
            way.add(step);
        }
        for (Step step : way) {
            step.at().setShortest(rest + last.length() - step.length());
        }
    }
}
