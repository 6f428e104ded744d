package org.lora4j.text.tokens;

import java.util.Objects;

/**
 * Two texts that belong together, such as a question and a passage that answers it.
 *
 * @param first the first text
 * @param second the second text
 */
public record TextPair(String first, String second) {
    /**
     * Checks that nothing is null.
     *
     * @param first the first text
     * @param second the second text
     */
    public TextPair {
        Objects.requireNonNull(first, "first must not be null");
        Objects.requireNonNull(second, "second must not be null");
    }
}
