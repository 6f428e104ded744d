package org.lora4j.generate;

import java.util.Arrays;
import java.util.List;

/** The log probabilities of the tokens of a prompt but the first, as they are computed. */
final class PromptScores {
    private final int[] prompt;
    private final int top;
    private final LogProbabilities.OfToken[] ofTokens;
    private volatile boolean isComplete;

    /**
     * Creates an instance without any.
     *
     * @param top how many of the most probable tokens each has beside its own
     */
    PromptScores(int[] prompt, int top) {
        this.prompt = prompt.clone();
        this.top = top;
        ofTokens = new LogProbabilities.OfToken[prompt.length - 1];
    }

    /**
     * Adds the log probabilities of the token behind one of the prompt. A change of the model makes all tokens be computed again, so one
     * can come twice.
     *
     * @param token the number of the one before
     * @param logits those behind it
     */
    void add(int token, double[] logits) {
        if (token < ofTokens.length) {
            ofTokens[token] = LogProbabilities.OfToken.of(logits, prompt[token + 1], top);
        } else {
            isComplete = true;
        }
    }

    /** Whether the last token of the prompt was computed. */
    boolean areComplete() {
        return isComplete;
    }

    /** Returns all; none if some are missing. */
    List<LogProbabilities.OfToken> result() {
        return isComplete ? Arrays.asList(ofTokens) : List.of();
    }
}
