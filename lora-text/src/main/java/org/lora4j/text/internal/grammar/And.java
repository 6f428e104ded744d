package org.lora4j.text.internal.grammar;

import java.util.ArrayList;
import java.util.List;

/** The texts that all parts have. */
final class And extends Searched {
    final List<Expression> parts;

    And(Expressions all, List<Expression> parts) {
        super(all, Expressions.depth(parts) + 1);
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
        return parts.stream().allMatch(Expression::isNullable);
    }

    @Override
    long lowerBound() {
        long most = 0;
        for (Expression part : parts) {
            most = Math.max(most, part instanceof Searched searched ? searched.lowerBound() : part.shortest());
        }
        return most;
    }
}
