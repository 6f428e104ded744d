package org.lora4j.text.grammar.internal;

import java.util.function.ToLongFunction;

/** A text several times. */
final class Repeat extends Expression {
    static final int UNBOUNDED = Integer.MAX_VALUE;

    final Expression part;
    final int min;
    final int max;

    Repeat(ExpressionFactory all, Expression part, int min, int max) {
        super(all, part.isRegular, part.isSearched, part.depth + 1);
        this.part = part;
        this.min = min;
        this.max = max;
    }

    @Override
    Expression derive(int value) {
        Expression after = part.after(value);
        return after == all.never()
                ? after
                : all.concat(after, all.repeat(part, Math.max(0, min - 1), max == UNBOUNDED ? max : max - 1));
    }

    @Override
    boolean computeNullable() {
        return min == 0 || part.isNullable();
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        long once = ofPart.applyAsLong(part);
        if (min == 0 || once == 0) {
            return 0;
        }
        return once >= NO_END / min ? NO_END : once * min;
    }

    /** Each time takes at least one byte. Of a count above the bytes plus two, two remain, which share no token with what follows. */
    @Override
    Expression computeClamped(int bytes) {
        return all.repeat(part, Math.min(min, bytes + 2), max > bytes ? UNBOUNDED : max);
    }
}
