package org.lora4j.text.grammar.internal;

import java.util.BitSet;

/** The tokens that fit an expression, and end where the text can still end. Immutable. */
final class Mask {
    private final BitSet tokens;
    private final BitSet ends;
    private final long growth;
    private final long tokenGrowth;

    private Mask(BitSet tokens, BitSet ends, long growth, long tokenGrowth) {
        this.tokens = tokens;
        this.ends = ends;
        this.growth = growth;
        this.tokenGrowth = tokenGrowth;
    }

    /** The tokens, which must not be changed. */
    BitSet tokens() {
        return tokens;
    }

    /** The nodes of the trie at which the text may end and tokens go on, which must not be changed. */
    BitSet ends() {
        return ends;
    }

    /** By how much a token at most makes the shortest text longer. */
    long growth() {
        return growth;
    }

    /** By how much a token at most makes {@link Expression#fewestTokens} larger. */
    long tokenGrowth() {
        return tokenGrowth;
    }

    long bytes() {
        return ((long) tokens.size() + ends.size()) / Byte.SIZE;
    }

    /** Collects a mask. */
    static final class Builder implements TokenTrie.Visitor {
        private final TokenTrie trie;
        private final Expression before;
        private final BitSet tokens;
        private final BitSet ends = new BitSet();
        private long growth = -Expression.NO_END;
        private long tokenGrowth = -Expression.NO_END;

        Builder(TokenTrie trie, Expression before) {
            this.trie = trie;
            this.before = before;
            tokens = new BitSet(trie.size());
        }

        /** Adds tokens that fit the first part of the expression. */
        void add(Mask mask) {
            add(mask, 0, 0);
        }

        /** Adds tokens that fit the rest of the expression, whose first part may be empty. */
        void add(Mask mask, Expression rest) {
            add(mask, rest.shortest() - before.shortest(), rest.fewestTokens() - before.fewestTokens());
        }

        private void add(Mask mask, long more, long moreTokens) {
            tokens.or(mask.tokens());
            growth = Math.max(growth, mask.growth() + more);
            tokenGrowth = Math.max(tokenGrowth, mask.tokenGrowth() + moreTokens);
        }

        private void grow(Expression after) {
            growth = Math.max(growth, after.shortest() - before.shortest());
            tokenGrowth = Math.max(tokenGrowth, after.fewestTokens() - before.fewestTokens());
        }

        void addEnds(Mask mask) {
            ends.or(mask.ends());
        }

        @Override
        public void visit(int node, Expression after) {
            if (trie.hasTokens(node) && after.shortest() < Expression.NO_END) {
                trie.addTokens(node, tokens);
                grow(after);
            }
            if (after.isNullable()) {
                addEnd(node);
            }
        }

        /** The same for a node that was added before, with another expression behind it. */
        void replace(int node, Expression after) {
            remove(node);
            visit(node, after);
        }

        void remove(int node) {
            trie.removeTokens(node, tokens);
            ends.clear(node);
        }

        void removeEnd(int node) {
            ends.clear(node);
        }

        void addToken(int id, Expression after) {
            if (after.shortest() < Expression.NO_END) {
                tokens.set(id);
                grow(after);
            }
        }

        void addEnd(int node) {
            if (trie.hasChildren(node)) {
                ends.set(node);
            }
        }

        Mask build() {
            return new Mask(tokens, (BitSet) ends.clone(), growth, tokenGrowth);
        }
    }
}
