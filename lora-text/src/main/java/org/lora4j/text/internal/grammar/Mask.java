package org.lora4j.text.internal.grammar;

import java.util.Arrays;
import java.util.BitSet;

/** The tokens that fit an expression, and end where the text can still end. Immutable. */
final class Mask {
    private final BitSet tokens;
    private final int[] ends;
    private final long growth;

    private Mask(BitSet tokens, int[] ends, long growth) {
        this.tokens = tokens;
        this.ends = ends;
        this.growth = growth;
    }

    /** The tokens, which must not be changed. */
    BitSet tokens() {
        return tokens;
    }

    /** The nodes of the trie at which the text may end and tokens go on, which must not be changed. */
    int[] ends() {
        return ends;
    }

    /** By how much a token at most makes the shortest text longer. */
    long growth() {
        return growth;
    }

    long bytes() {
        return tokens.size() / Byte.SIZE + (long) ends.length * Integer.BYTES;
    }

    /** Collects a mask. */
    static final class Builder implements TokenTrie.Visitor {
        private final TokenTrie trie;
        private final long before;
        private final BitSet tokens;
        private int[] ends = new int[16];
        private int count;
        private long growth;

        Builder(TokenTrie trie, Expression of) {
            this.trie = trie;
            before = of.shortest();
            tokens = new BitSet(trie.size());
            growth = -Expression.NO_END;
        }

        /** Adds tokens that fit the beginning of the expression. */
        void add(Mask mask, long more) {
            tokens.or(mask.tokens());
            growth = Math.max(growth, mask.growth() + more);
        }

        void addEnds(Mask mask) {
            for (int node : mask.ends()) {
                addEnd(node);
            }
        }

        @Override
        public void visit(int node, Expression after) {
            if (trie.hasTokens(node) && after.shortest() < Expression.NO_END) {
                trie.addTokens(node, tokens);
                growth = Math.max(growth, after.shortest() - before);
            }
            if (after.isNullable()) {
                addEnd(node);
            }
        }

        void addEnd(int node) {
            if (!trie.hasChildren(node)) {
                return;
            }
            if (count == ends.length) {
                ends = Arrays.copyOf(ends, 2 * count);
            }
            ends[count] = node;
            count++;
        }

        Mask build() {
            return new Mask(tokens, Arrays.copyOf(ends, count), growth);
        }
    }
}
