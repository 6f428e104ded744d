package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** One text after another. The rest is the stack of a recursive grammar. It may be long, so nothing recurs along it. */
final class Concat extends Expression {
    final Expression first;
    final Expression rest;

    Concat(ExpressionFactory all, Expression first, Expression rest) {
        super(
                all,
                first.isRegular && rest.isRegular,
                first.isSearched || rest.isSearched,
                Math.max(first.depth + 1, rest.depth));
        this.first = first;
        this.rest = rest;
    }

    @Override
    Expression head() {
        return first.head();
    }

    @Override
    Expression tail() {
        return all.concat(first.tail(), rest);
    }

    @Override
    Expression derive(int value) {
        List<Expression> options = new ArrayList<>();
        Expression at = this;
        while (at instanceof Concat concat) {
            all.effort().spend(1);
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
            all.effort().spend(1);
            if (!concat.first.isNullable()) {
                return false;
            }
            at = concat.rest;
        }
        return at.isNullable();
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        return sum(ofPart.applyAsLong(first), ofPart.applyAsLong(rest));
    }

    /** A token of several bytes that begins this text, if it begins with single bytes, is one instead of several. */
    @Override
    long computeFewest() {
        long least = super.computeFewest();
        if (shortest() >= NO_END) {
            return least;
        }
        Expression at = this;
        int node = 0;
        do {
            all.effort().spend(1);
            // Not within a part of several bytes: a mask of the part alone must know what it adds.
            Expression head = at instanceof Concat concat ? concat.first : at;
            at = at instanceof Concat concat ? concat.rest : all.empty();
            node = head instanceof OneByte one && one.isSingle() ? all.tokenNode(node, (byte) one.first()) : 0;
            if (node > 0 && all.isToken(node)) {
                least = Math.min(least, 1 + at.fewestTokens());
            }
        } while (node > 0);
        return least;
    }

    @Override
    Expression computeClamped(int bytes) {
        List<Expression> parts = new ArrayList<>();
        Expression at = this;
        while (at instanceof Concat concat && !at.isClamped()) {
            all.effort().spend(1);
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
