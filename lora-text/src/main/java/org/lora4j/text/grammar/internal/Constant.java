package org.lora4j.text.grammar.internal;

import java.util.function.ToLongFunction;

/** No text at all, or the empty text alone. */
final class Constant extends Expression {
    private final boolean isEmptyText;

    Constant(ExpressionFactory all, boolean isEmptyText) {
        super(all, true, false, 1);
        this.isEmptyText = isEmptyText;
    }

    @Override
    Expression derive(int value) {
        return all.never();
    }

    @Override
    boolean computeNullable() {
        return isEmptyText;
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        return isEmptyText ? 0 : NO_END;
    }
}
