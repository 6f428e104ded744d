package org.lora4j.generate;

import java.util.List;
import java.util.Objects;

/**
 * What was generated.
 *
 * @param tokens the new tokens, with the stop id if there was one
 * @param finish why it ended
 * @param promptTokens the tokens of the prompt
 * @param reusedTokens how many tokens of the prompt were not computed, because their keys and values were known
 */
public record Generation(List<Integer> tokens, Finish finish, int promptTokens, int reusedTokens) {
    /** Why a generation ended. */
    public enum Finish {
        /** After a stop id, or because {@link GenerationOptions#stopWhen} was true. */
        STOP,
        /** After the most new tokens, or as many as the model has positions for and the cache has room for. */
        LENGTH,
        /** The caller cancelled it. */
        CANCELLED
    }

    /**
     * Copies the list.
     *
     * @param tokens the new tokens
     * @param finish why it ended
     * @param promptTokens the tokens of the prompt
     * @param reusedTokens how many of them were not computed
     */
    public Generation {
        tokens = List.copyOf(Objects.requireNonNull(tokens, "tokens must not be null"));
        Objects.requireNonNull(finish, "finish must not be null");
    }

    /**
     * Returns the new tokens as an array.
     *
     * @return a new array
     */
    public int[] ids() {
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }
}
