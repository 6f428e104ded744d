package org.lora4j.text.internal.grammar;

import java.util.BitSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;

/** The tokens of a vocabulary that a grammar allows. */
public final class GrammarConstraint implements TokenConstraint {
    private final GrammarSource grammar;
    private final TokenTrie trie;
    private final boolean dropsFirstSpace;
    private final Function<String, int[]> tokenizer;
    private Engine engine;

    /** A grammar whose expressions live together, with their masks. */
    private record Engine(Expression root, Masks masks, FixedText fixed) {}

    /**
     * Computes the expressions of a grammar.
     *
     * @param grammar the grammar
     * @param trie the tokens
     * @param dropsFirstSpace whether the space before the first word of a text is not printed
     * @param tokenizer divides a text into tokens; where the grammar fixes the text, only these are allowed. It may return none
     * @throws IllegalArgumentException if these tokens cannot end a text of the grammar
     */
    public GrammarConstraint(
            GrammarSource grammar, TokenTrie trie, boolean dropsFirstSpace, Function<String, int[]> tokenizer) {
        this.tokenizer = tokenizer;
        this.grammar = grammar;
        this.trie = trie;
        this.dropsFirstSpace = dropsFirstSpace;
        engine = newEngine();
        if (engine.root().shortest() >= Expression.NO_END) {
            throw new IllegalArgumentException(
                    "grammar: the vocabulary must have a token for each byte of a text of the"
                            + " grammar, found " + trie.typed().cardinality()
                            + " such bytes, which are too few; use another tokenizer or a grammar with other characters");
        }
    }

    private Engine newEngine() {
        return new Engine(grammar.compile(new Expressions(trie)), new Masks(trie), new FixedText(trie, tokenizer));
    }

    /** Replaces expressions of which there are too many; those who use them follow. */
    private Engine engine() {
        if (engine.root().all.isHalfFull()) {
            engine = newEngine();
        }
        return engine;
    }

    @Override
    public synchronized State begin(int maxTokens) {
        Engine now = engine();
        long fewest = now.root().fewestTokens();
        if (fewest > maxTokens) {
            throw new IllegalArgumentException("grammar: maxTokens must be at least " + fewest
                    + ", the tokens of a shortest text of the grammar, found " + maxTokens + "; allow more tokens");
        }
        return new Running(maxTokens, now);
    }

    @Override
    public String toString() {
        return "GrammarConstraint(" + trie.size() + " tokens)";
    }

    private final class Running implements State {
        /** The bytes so far, and the symbols of tokens that are no text. */
        private final StringBuilder text = new StringBuilder();

        private Engine used;
        private Expression rest;
        private int tokensLeft;
        private @Nullable BitSet allowed;

        Running(int tokensLeft, Engine used) {
            this.tokensLeft = tokensLeft;
            this.used = used;
            rest = used.root();
        }

        private Expression after(int from, Expression before) {
            Expression at = before;
            for (int i = from; i < text.length(); i++) {
                at = at.after(text.charAt(i));
            }
            return at;
        }

        private void follow() {
            Engine now = engine();
            if (now.masks() != used.masks()) {
                rest = after(0, now.root());
                used = now;
            }
        }

        private BitSet computed() {
            if (allowed == null) {
                follow();
                allowed = fixed(compute());
            }
            return allowed;
        }

        /** Of tokens that begin the same fixed text, the one of the tokenizer. */
        private BitSet fixed(BitSet tokens) {
            int id = used.fixed().next(rest);
            if (id == FixedText.NONE || !tokens.get(id)) {
                return tokens;
            }
            BitSet one = new BitSet();
            one.set(id);
            return one;
        }

        private BitSet compute() {
            if (tokensLeft == 0) {
                return new BitSet();
            }
            boolean isAtStart = text.isEmpty() && dropsFirstSpace;
            if (!isAtStart) {
                Mask mask = used.masks().of(rest);
                if (rest.fewestTokens() + mask.tokenGrowth() <= tokensLeft - 1) {
                    return mask.tokens();
                }
            }
            return used.masks().within(rest, Math.min(tokensLeft - 1, Expression.NO_END - 1), isAtStart);
        }

        @Override
        public void allowed(BitSet tokens) {
            synchronized (GrammarConstraint.this) {
                tokens.clear();
                tokens.or(computed());
            }
        }

        @Override
        public void accept(int id) {
            synchronized (GrammarConstraint.this) {
                if (id < 0 || !computed().get(id)) {
                    throw new IllegalArgumentException("grammar: each token must be one that is allowed here, found "
                            + id + "; ask for those allowed");
                }
                int before = text.length();
                append(id);
                rest = after(before, rest);
                tokensLeft--;
                allowed = null;
            }
        }

        private void append(int id) {
            Integer symbol = rest.all.symbols().get(id);
            if (symbol != null) {
                text.append((char) symbol.intValue());
                return;
            }
            byte[] bytes = trie.bytes(id);
            for (int i = text.isEmpty() && dropsFirstSpace && bytes[0] == ' ' ? 1 : 0; i < bytes.length; i++) {
                text.append((char) Byte.toUnsignedInt(bytes[i]));
            }
        }

        @Override
        public boolean isComplete() {
            synchronized (GrammarConstraint.this) {
                return rest.isNullable();
            }
        }

        @Override
        public boolean canContinue() {
            synchronized (GrammarConstraint.this) {
                return !computed().isEmpty();
            }
        }
    }
}
