package org.lora4j.text.grammar.internal;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;

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
    private final Map<Expression, Mask> known = new LinkedHashMap<>(16, 0.75F, true);
    private volatile long bytes;

    Masks(TokenTrie trie) {
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
        return expression instanceof Concat concat ? expression.all.concat(free, concat.rest) : free;
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
        Mask.Builder builder = new Mask.Builder(trie, expression);
        if (!(expression instanceof Concat concat) || !isUnit(concat.first)) {
            trie.walk(0, expression, builder);
            expression.all.symbols().forEach((id, symbol) -> builder.addToken((int) id, expression.after(symbol)));
            return builder.build();
        }
        Mask first = of(concat.first);
        builder.add(first);
        if (concat.first.isNullable()) {
            Mask rest = of(concat.rest);
            builder.add(rest, concat.rest);
            builder.addEnds(rest);
        }
        for (int node : first.ends()) {
            trie.walk(node, concat.rest, builder);
            if (concat.rest.isNullable()) {
                builder.addEnd(node);
            }
        }
        return builder.build();
    }

    /** A single byte or a loop ends nearly everywhere, so it is walked together with what follows. */
    private static boolean isUnit(Expression first) {
        return first instanceof Concat || first instanceof And || first instanceof Members;
    }

    /** The tokens after which at most so many more can end the text. Nothing of this is kept. */
    BitSet within(Expression expression, long most, boolean skipsSpace) {
        BitSet tokens = new BitSet(trie.size());
        TokenTrie.Visitor visitor = (node, after) -> {
            if (trie.hasTokens(node) && after.fewestTokens() <= most) {
                trie.addTokens(node, tokens);
            }
        };
        expression.all.symbols().forEach((id, symbol) -> {
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
