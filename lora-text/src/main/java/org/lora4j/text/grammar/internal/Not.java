package org.lora4j.text.grammar.internal;

/** The texts that another expression does not have. */
final class Not extends Searched {
    final Expression part;

    Not(ExpressionFactory all, Expression part) {
        super(all, part.depth + 1);
        this.part = part;
    }

    @Override
    Expression derive(int value) {
        return all.not(part.after(value));
    }

    @Override
    boolean computeNullable() {
        return !part.isNullable();
    }

    @Override
    long lowerBound() {
        return isNullable() ? 0 : 1;
    }
}
