package org.lora4j.generate;

import java.util.List;
import java.util.Objects;

/**
 * What was generated.
 *
 * @param newTokens the tokens after the prompt, with the stop id if there was one
 * @param finish why it ended
 * @param promptTokens the tokens of the prompt
 * @param reusedTokens how many tokens of the prompt were not computed, because their keys and values were known
 * @param logProbabilities those of each new token, in their order, if {@link GenerationOptions#withLogProbabilities} asked for them;
 *     else none
 * @param promptLogProbabilities those of each token of the prompt but the first, in their order, if {@link
 *     GenerationOptions#withPromptLogProbabilities} asked for them and the prompt was computed; else none
 */
public record Generation(
        List<Integer> newTokens,
        Finish finish,
        int promptTokens,
        int reusedTokens,
        List<LogProbabilities.OfToken> logProbabilities,
        List<LogProbabilities.OfToken> promptLogProbabilities) {
    /** Why a generation ended. */
    public enum Finish {
        /**
         * After a stop id, because {@link GenerationOptions#stopWhen} was true, or because the text is complete by {@link
         * GenerationOptions#constraint} and nothing can follow within its tokens.
         */
        STOP,
        /** After the most new tokens, or as many as the model has positions for and the cache has room for. */
        LENGTH,
        /** The caller cancelled it. */
        CANCELLED
    }

    /**
     * Copies the lists.
     *
     * @param newTokens the tokens after the prompt
     * @param finish why it ended
     * @param promptTokens the tokens of the prompt
     * @param reusedTokens how many of them were not computed
     * @param logProbabilities one for each new token, or none
     * @param promptLogProbabilities one for each token of the prompt but the first, or none
     * @throws IllegalArgumentException if there are log probabilities of some tokens only
     */
    public Generation {
        newTokens = List.copyOf(Objects.requireNonNull(newTokens, "newTokens must not be null"));
        Objects.requireNonNull(finish, "finish must not be null");
        logProbabilities = List.copyOf(Objects.requireNonNull(logProbabilities, "logProbabilities must not be null"));
        if (!logProbabilities.isEmpty() && logProbabilities.size() != newTokens.size()) {
            throw new IllegalArgumentException("generation: logProbabilities must be empty or one for each of the "
                    + newTokens.size() + " new tokens, found " + logProbabilities.size());
        }
        promptLogProbabilities =
                List.copyOf(Objects.requireNonNull(promptLogProbabilities, "promptLogProbabilities must not be null"));
        if (!promptLogProbabilities.isEmpty() && promptLogProbabilities.size() != promptTokens - 1) {
            throw new IllegalArgumentException(
                    "generation: promptLogProbabilities must be empty or one for each of the " + promptTokens
                            + " tokens of the prompt but the first, found " + promptLogProbabilities.size());
        }
    }

    /**
     * Creates a generation without log probabilities.
     *
     * @param newTokens the tokens after the prompt
     * @param finish why it ended
     * @param promptTokens the tokens of the prompt
     * @param reusedTokens how many of them were not computed
     */
    public Generation(List<Integer> newTokens, Finish finish, int promptTokens, int reusedTokens) {
        this(newTokens, finish, promptTokens, reusedTokens, List.of(), List.of());
    }

    /** Says how much was generated and why it ended; the tokens are numbers that few can read. */
    @Override
    public String toString() {
        return "Generation[" + newTokens.size() + (newTokens.size() == 1 ? " token" : " tokens") + ", " + finish
                + ", after a prompt of " + promptTokens + ", of which " + reusedTokens + " were known]";
    }

    /**
     * Returns the new tokens as an array.
     *
     * @return a new array
     */
    public int[] ids() {
        return newTokens.stream().mapToInt(Integer::intValue).toArray();
    }
}
