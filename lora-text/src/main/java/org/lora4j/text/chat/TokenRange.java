package org.lora4j.text.chat;

/**
 * Tokens that follow one another.
 *
 * @param from the first
 * @param to the one after the last
 */
public record TokenRange(int from, int to) {
    /**
     * Checks the order.
     *
     * @param from the first
     * @param to the one after the last
     * @throws IllegalArgumentException if there is none between them
     */
    public TokenRange {
        if (from < 0 || from >= to) {
            throw new IllegalArgumentException("a range must have at least one token, found " + from + " to " + to);
        }
    }
}
