package org.lora4j.text.grammar.internal;

import java.util.function.ToLongFunction;

/** The texts of a rule, which may refer to itself. */
final class Reference extends Expression {
    final Rule rule;

    Reference(ExpressionFactory all, Rule rule) {
        super(all, false, false, 1);
        this.rule = rule;
    }

    @Override
    Expression derive(int value) {
        return rule.body().after(value);
    }

    @Override
    boolean computeNullable() {
        return rule.body().isNullable();
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        return ofPart.applyAsLong(rule.body());
    }
}
