package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The masks of expressions, kept for the next time. The tokens that end within the first part of an expression do not depend on
 * what follows, so their mask is kept for the part, as XGrammar does (<a
 * href="https://arxiv.org/abs/2411.15100">arXiv:2411.15100</a>). Only tokens that go on behind the part are looked for each time.
 * Not thread-safe.
 */
final class Masks {
    private static final int PART_OF_HEAP = 16;
    private static final long MOST_BYTES =
            Math.min(48L << 20, Runtime.getRuntime().maxMemory() / PART_OF_HEAP);

    private final TokenTrie trie;
    private final Expressions all;
    private final Map<Expression, Mask> known = new LinkedHashMap<>(16, 0.75F, true);
    private volatile long bytes;

    Masks(TokenTrie trie, Expressions all) {
        this.all = all;
        this.trie = trie;
    }

    /** How much memory they take. Any thread may ask. */
    long bytes() {
        return bytes;
    }

    Mask of(Expression expression) {
        return known(withoutLimits(expression.clamped(trie.longest())));
    }

    /**
     * Drops the upper limits of counts in an intersection if no token can make its shortest text longer than they are, so that the
     * mask does not change while a long text is counted.
     */
    private Expression withoutLimits(Expression expression) {
        Expression first = expression instanceof Concat concat ? concat.first : expression;
        if (!(first instanceof And and) || and.leastLimit() == Repeat.UNBOUNDED) {
            return expression;
        }
        Expression free = and.unlimited();
        if (free.shortest() + known(free).growth() > and.leastLimit() - trie.longest()) {
            return expression;
        }
        return expression instanceof Concat concat ? all.concat(free, concat.rest) : free;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread at a time changes it.
    private Mask known(Expression key) {
        Mask mask = known.get(key);
        if (mask == null) {
            mask = compute(key);
            known.put(key, mask);
            bytes += mask.bytes();
            evict();
        }
        return mask;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void evict() {
        var oldest = known.entrySet().iterator();
        while (bytes > MOST_BYTES && known.size() > 1) {
            bytes -= oldest.next().getValue().bytes();
            oldest.remove();
        }
    }

    private Mask compute(Expression expression) {
        if (expression instanceof Repeat repeat && all.isJsonCharacter(repeat.part)) {
            return trie.jsonText(all.repeat(repeat.part, 0, Repeat.UNBOUNDED)).of(repeat);
        }
        Mask.Builder builder = new Mask.Builder(trie, expression);
        if (expression instanceof Concat concat && isUnit(concat)) {
            addSequence(concat, builder);
        } else if (expression instanceof And and && and.withoutContrary() != null) {
            addContrary(and, builder);
        } else if (expression instanceof Or or && or.options.stream().anyMatch(Masks::isUnit)) {
            addOptions(or, builder);
        } else {
            walk(expression, builder);
        }
        return builder.build();
    }

    private void walk(Expression expression, Mask.Builder builder) {
        trie.walk(0, expression, builder);
        all.symbols().forEach((id, symbol) -> builder.addToken((int) id, expression.after(symbol)));
    }

    /** A single byte is walked together with what follows, and a loop too unless one byte ends it. */
    private static boolean isUnit(Expression expression) {
        return expression instanceof Concat concat
                && (concat.first instanceof Concat
                        || concat.first instanceof And
                        || concat.first instanceof Members
                        || (concat.first instanceof Or or && or.options.stream().anyMatch(Masks::isUnit))
                        || (concat.first instanceof Repeat && concat.rest.head() instanceof OneByte));
    }

    private void addSequence(Concat concat, Mask.Builder builder) {
        Mask first = of(concat.first);
        builder.add(first);
        if (concat.first.isNullable()) {
            Mask rest = of(concat.rest);
            builder.add(rest, concat.rest);
            builder.addEnds(rest);
        }
        addBehind(first.ends(), concat.rest, builder);
    }

    /** Adds the tokens that go on with the rest behind some nodes. */
    private void addBehind(BitSet ends, Expression rest, Mask.Builder builder) {
        BitSet begins = new BitSet();
        long nodes = 0;
        for (int value = 0; value < ByteGroups.BYTES; value++) {
            if (rest.after(value) != all.never()) {
                begins.set(value);
                nodes += trie.endingWith(value).length;
            }
        }
        boolean isNullable = rest.isNullable();
        if (isNullable) {
            ends.stream().forEach(builder::addEnd);
        }
        if (nodes > ends.cardinality()) {
            ends.stream().forEach(node -> trie.walk(node, rest, builder));
            return;
        }
        all.effort().spend(nodes);
        begins.stream().forEach(value -> {
            Expression after = rest.after(value);
            for (int node : trie.endingWith(value)) {
                if (ends.get(trie.parent(node))) {
                    builder.visit(node, after);
                    trie.walk(node, after, builder);
                }
            }
        });
    }

    /** Most tokens do not meet what must not be, such as the names of other properties. */
    private void addContrary(And and, Mask.Builder builder) {
        Expression any = Objects.requireNonNull(and.withoutContrary());
        Mask mask = of(any);
        builder.add(mask, any);
        builder.addEnds(mask);
        trie.walkApart(and, any, builder::replace);
    }

    /** Those that have a mask of their own are not walked together with the others. */
    private void addOptions(Or or, Mask.Builder builder) {
        List<Expression> others = new ArrayList<>();
        for (Expression option : or.options) {
            if (isUnit(option)) {
                Mask mask = of(option);
                builder.add(mask, option);
                builder.addEnds(mask);
            } else {
                others.add(option);
            }
        }
        walk(all.or(others), builder);
    }

    /** The tokens after which at most so many more can end the text. Nothing of this is kept. */
    BitSet within(Expression expression, long most, boolean skipsSpace) {
        BitSet tokens = new BitSet(trie.size());
        TokenTrie.Visitor visitor = (node, after) -> {
            if (trie.hasTokens(node) && after.fewestTokens() <= most) {
                trie.addTokens(node, tokens);
            }
        };
        all.symbols().forEach((id, symbol) -> {
            if (expression.after(symbol).fewestTokens() <= most) {
                tokens.set((int) id);
            }
        });
        int space = skipsSpace ? trie.child(0, (byte) ' ') : 0;
        if (space == 0) {
            trie.walk(0, expression, visitor);
        } else {
            trie.walk(0, expression, space, visitor);
            trie.walk(space, expression, visitor);
        }
        return tokens;
    }
}
