package org.lora4j.text.grammar.internal;

import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;

/** Any text, until a token begins a text of a grammar, with which the answer ends. */
public final class BegunConstraint implements TokenConstraint {
    private final int token;
    private final TokenConstraint grammar;
    private final int tokens;

    /**
     * Creates the constraint.
     *
     * @param token the token that all texts of the grammar begin with
     * @param grammar the constraint of the grammar
     * @param tokens how many tokens the model has
     */
    public BegunConstraint(int token, TokenConstraint grammar, int tokens) {
        this.token = token;
        this.grammar = grammar;
        this.tokens = tokens;
    }

    @Override
    public State begin(int maxTokens) {
        return new Running(maxTokens);
    }

    private final class Running implements State {
        private int left;
        private @Nullable State begun;

        Running(int left) {
            this.left = left;
        }

        @Override
        public @Nullable CompletableFuture<?> pending() {
            return begun == null ? null : begun.pending();
        }

        @Override
        public void allowed(BitSet target) {
            if (begun != null) {
                begun.allowed(target);
                return;
            }
            target.clear();
            if (left > 0) {
                target.set(0, tokens);
            }
        }

        /** Begins a text that ends within the tokens that are left; or, if there is no such text, one that is cut. */
        private State beginGrammar() {
            try {
                return grammar.begin(left);
            } catch (IllegalArgumentException e) {
                return grammar.begin(Integer.MAX_VALUE);
            }
        }

        @Override
        public void accept(int id) {
            if (begun == null && id == token) {
                begun = beginGrammar();
            }
            if (begun != null) {
                begun.accept(id);
            }
            left--;
        }

        @Override
        public boolean isComplete() {
            return begun == null || begun.isComplete();
        }

        @Override
        public boolean canContinue() {
            return begun == null ? left > 0 : begun.canContinue();
        }
    }
}
