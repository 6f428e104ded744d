package org.lora4j.cli.serve;

import org.lora4j.generate.LogProbabilities;

/**
 * A token of an answer with its log probabilities.
 *
 * @param offset the character of the answer at which it begins; the two halves of a character count as one
 */
record AnswerToken(LogProbabilities.OfToken logProbabilities, int offset) {
    /** About so many bytes has a log probability as an object and in JSON together. */
    private static final long BYTES = 128;

    /**
     * Returns about how many bytes a token takes until its answer was sent.
     *
     * @param top how many of the most probable tokens it has
     */
    static long bytes(int top) {
        return (2L + top) * BYTES;
    }
}
