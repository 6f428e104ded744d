package org.lora4j.generate;

import java.util.BitSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The tokens that a constraint allows in one generation. */
final class ConstrainedChoice {
    static final int SEVERAL = -1;

    private final TokenConstraint.State state;
    private final Set<Integer> stopIds;
    private final int vocabulary;
    private final BitSet allowed = new BitSet();
    private boolean isComputed;

    /**
     * Creates the choice of a text that has begun.
     *
     * @param vocabulary how many tokens the model has
     */
    ConstrainedChoice(TokenConstraint.State state, Set<Integer> stopIds, int vocabulary) {
        this.state = state;
        this.stopIds = stopIds;
        this.vocabulary = vocabulary;
    }

    /**
     * Starts a text. Its first tokens are computed unless another thread does it, so that what fails does so before anything else is
     * done.
     *
     * @return the choice; null if the options have no constraint
     */
    static @Nullable ConstrainedChoice begin(GenerationOptions options, int maxTokens, int vocabulary) {
        TokenConstraint constraint = options.constraint();
        if (constraint == null) {
            return null;
        }
        TokenConstraint.State state =
                Objects.requireNonNull(constraint.begin(maxTokens), "a constraint must begin with a state, found null");
        ConstrainedChoice choice = new ConstrainedChoice(state, options.stopIds(), vocabulary);
        if (choice.pending() == null) {
            choice.hasEnded();
        }
        return choice;
    }

    /** What is done in another thread before the tokens that are allowed now are known; null if they are, or are computed here. */
    @Nullable
    CompletableFuture<?> pending() {
        return isComputed ? null : state.pending();
    }

    /**
     * Returns the only token that is allowed now.
     *
     * @return the token; {@link #SEVERAL} if there are more
     * @throws IllegalArgumentException if one is outside the vocabulary
     * @throws IllegalStateException if there is none
     */
    int only() {
        compute();
        int first = allowed.nextSetBit(0);
        return allowed.nextSetBit(first + 1) < 0 ? first : SEVERAL;
    }

    private void compute() {
        if (isComputed) {
            return;
        }
        state.allowed(allowed);
        if (allowed.length() > vocabulary) {
            throw new IllegalArgumentException("generation: the constraint must allow tokens below the vocabulary of "
                    + vocabulary + ", found " + (allowed.length() - 1) + "; use the tokenizer of this model");
        }
        boolean isComplete = state.isComplete();
        stopIds.forEach(id -> allowed.set(id, isComplete));
        if (allowed.isEmpty()) {
            throw new IllegalStateException(
                    "generation: the constraint must allow a token besides the stop ids as long as"
                            + " the text is not complete, found none; use stop ids that are no part of the text");
        }
        isComputed = true;
    }

    /** Gives the tokens that are not allowed the logit {@code -infinity}. */
    void mask(double[] logits) {
        compute();
        for (int id = allowed.nextClearBit(0); id < logits.length; id = allowed.nextClearBit(id + 1)) {
            logits[id] = Double.NEGATIVE_INFINITY;
        }
    }

    void accept(int id) {
        isComputed = false;
        if (!stopIds.contains(id)) {
            state.accept(id);
        }
    }

    /** Whether the text is complete, and nothing can follow. */
    boolean hasEnded() {
        boolean canContinue = state.canContinue();
        return !canContinue && state.isComplete();
    }
}
