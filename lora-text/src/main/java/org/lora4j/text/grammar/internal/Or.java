package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** The texts of all options. */
final class Or extends Expression {
    final List<Expression> options;

    Or(ExpressionFactory all, List<Expression> options) {
        super(
                all,
                options.stream().allMatch(option -> option.isRegular),
                options.stream().anyMatch(option -> option.isSearched),
                depth(options) + 1);
        this.options = options;
    }

    @Override
    Expression derive(int value) {
        List<Expression> after = new ArrayList<>(options.size());
        for (Expression option : options) {
            after.add(option.after(value));
        }
        return all.or(after);
    }

    @Override
    boolean computeNullable() {
        all.effort().spend(options.size());
        return options.stream().anyMatch(Expression::isNullable);
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        all.effort().spend(options.size());
        long least = NO_END;
        for (Expression option : options) {
            least = Math.min(least, ofPart.applyAsLong(option));
        }
        return least;
    }
}
