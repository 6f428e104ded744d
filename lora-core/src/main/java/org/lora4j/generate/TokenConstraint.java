package org.lora4j.generate;

import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens may come next, so that an answer has a form, such as that of a JSON Schema. It has no state and can be shared by any
 * number of threads and generations.
 *
 * <pre>{@code
 * TokenConstraint digits = maxTokens -> new TokenConstraint.State() {
 *     private int count;
 *
 *     public void allowed(BitSet tokens) {
 *         tokens.clear();
 *         tokens.set(15, 25, count < maxTokens);
 *     }
 *
 *     public void accept(int id) {
 *         count++;
 *     }
 *
 *     public boolean isComplete() {
 *         return count > 0;
 *     }
 *
 *     public boolean canContinue() {
 *         return count < maxTokens;
 *     }
 * };
 * GenerationOptions numbers = GenerationOptions.greedy().withMaxTokens(8).withConstraint(digits);
 * }</pre>
 *
 * <p>The tokens that are not allowed get the logit {@code -infinity} before everything else. A stop id is allowed if the text so
 * far is complete, and only then. If it is complete and nothing can follow within the tokens that are
 * left, the generation ends.
 *
 * <p>A token that is the only one allowed is taken without a step of the model. Several of them in a row are computed together with the
 * next step, so a form with much fixed text is generated faster. Nothing else changes: such a token uses its draw of the seed too.
 */
@FunctionalInterface
public interface TokenConstraint {
    /**
     * Starts a text.
     *
     * @param maxTokens the most tokens of the text; only those are allowed after which it can be completed with the rest
     * @return the state of this text
     * @throws IllegalArgumentException if so many tokens cannot complete a text
     */
    State begin(int maxTokens);

    /** The state of one text. It belongs to one thread at a time. */
    interface State {
        /**
         * Returns what is done in another thread before the other methods return soon. Until then a text can stand aside while others
         * go on. The other methods can be called all the same; they wait for it, or do it themselves.
         *
         * @return ends when the state is worth another question, with or without a failure; null if nothing is to be waited for
         */
        default @Nullable CompletableFuture<?> pending() {
            return null;
        }

        /**
         * Computes which tokens may come next.
         *
         * @param tokens is set to these tokens; those that were in it are dropped
         */
        void allowed(BitSet tokens);

        /**
         * Adds a token.
         *
         * @param id one of those that are allowed
         * @throws IllegalArgumentException if it is not
         */
        void accept(int id);

        /**
         * Returns whether the text may end here.
         *
         * @return true if the tokens so far are a whole text
         */
        boolean isComplete();

        /**
         * Returns whether the text can go on.
         *
         * @return true if some token is allowed
         */
        boolean canContinue();
    }
}
