package org.lora4j.cli.serve;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.LogProbabilities;

/**
 * A token of an answer, or of its prompt, with its log probabilities.
 *
 * @param id the token
 * @param logProbabilities its log probabilities; null for the first token of a prompt, which follows nothing
 * @param offset the character of the answer at which it begins; the two halves of a character count as one
 */
record AnswerToken(int id, LogProbabilities.@Nullable OfToken logProbabilities, int offset) {
    /** About so many bytes has a log probability as an object and in JSON together. */
    private static final long BYTES = 128;

    /**
     * Returns about how many bytes tokens take until their answer was sent.
     *
     * @param top how many of the most probable tokens each has
     */
    static long bytes(int tokens, OptionalInt top) {
        return tokens * (2L + top.orElse(0)) * BYTES;
    }
}
