package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The texts that all parts have. */
final class And extends Searched {
    final List<Expression> parts;

    And(ExpressionFactory all, List<Expression> parts) {
        super(all, depth(parts) + 1);
        this.parts = parts;
    }

    @Override
    Expression derive(int value) {
        List<Expression> after = new ArrayList<>(parts.size());
        for (Expression part : parts) {
            after.add(part.after(value));
        }
        return all.and(after);
    }

    @Override
    boolean computeNullable() {
        all.effort().spend(parts.size());
        return parts.stream().allMatch(Expression::isNullable);
    }

    /** The texts that the parts have that are no contrary; null if there is no contrary, or nothing else. */
    @Nullable
    Expression withoutContrary() {
        List<Expression> others =
                parts.stream().filter(part -> !(part instanceof Not)).toList();
        return others.isEmpty() || others.size() == parts.size() ? null : all.and(others);
    }

    /** The same without the upper limits of counts. A text of no more bytes than the least of these limits fits both. */
    Expression unlimited() {
        return all.and(parts.stream()
                .map(part -> {
                    Repeat counted = counted(part);
                    if (counted == null) {
                        return part;
                    }
                    Expression free = all.repeat(counted.part, counted.min, Repeat.UNBOUNDED);
                    return part instanceof Concat concat ? all.concat(concat.first, free) : free;
                })
                .toList());
    }

    /** The least upper limit of a count. */
    int leastLimit() {
        int least = Repeat.UNBOUNDED;
        for (Expression part : parts) {
            Repeat counted = counted(part);
            least = counted == null ? least : Math.min(least, counted.max);
        }
        return least;
    }

    /** The count of a part, which may be within one of its repetitions. */
    private static @Nullable Repeat counted(Expression part) {
        Expression last = part instanceof Concat concat ? concat.rest : part;
        return last instanceof Repeat repeat ? repeat : null;
    }

    @Override
    long lowerBound() {
        all.effort().spend(parts.size());
        long most = 0;
        for (Expression part : parts) {
            most = Math.max(most, part instanceof Searched searched ? searched.lowerBound() : part.shortest());
        }
        return most;
    }
}
