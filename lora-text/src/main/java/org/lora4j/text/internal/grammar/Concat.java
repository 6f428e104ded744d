package org.lora4j.text.internal.grammar;

import java.util.ArrayList;
import java.util.List;

/** One text after another. The rest is the stack of a recursive grammar. It may be long, so nothing recurs along it. */
final class Concat extends Expression {
    final Expression first;
    final Expression rest;

    Concat(Expressions all, Expression first, Expression rest) {
        super(
                all,
                first.isRegular && rest.isRegular,
                first.isSearched || rest.isSearched,
                Math.max(first.depth + 1, rest.depth));
        this.first = first;
        this.rest = rest;
    }

    @Override
    Expression derive(int value) {
        List<Expression> options = new ArrayList<>();
        Expression at = this;
        while (at instanceof Concat concat) {
            options.add(all.concat(concat.first.after(value), concat.rest));
            if (!concat.first.isNullable()) {
                return all.or(options);
            }
            at = concat.rest;
        }
        options.add(at.after(value));
        return all.or(options);
    }

    @Override
    boolean computeNullable() {
        Expression at = this;
        while (at instanceof Concat concat && concat.isSearched) {
            if (!concat.first.isNullable()) {
                return false;
            }
            at = concat.rest;
        }
        return at.isNullable();
    }

    @Override
    long computeShortest() {
        return sum(first.shortest(), rest.shortest());
    }

    @Override
    Expression computeClamped(int bytes) {
        List<Expression> parts = new ArrayList<>();
        Expression at = this;
        while (at instanceof Concat concat && !at.isClamped()) {
            parts.add(concat.first);
            at = concat.rest;
        }
        Expression clamped = at.clamped(bytes);
        for (int i = parts.size() - 1; i >= 0; i--) {
            clamped = all.concat(parts.get(i).clamped(bytes), clamped);
        }
        return clamped;
    }
}
