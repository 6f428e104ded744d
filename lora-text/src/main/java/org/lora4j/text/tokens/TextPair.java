package org.lora4j.text.tokens;

import java.util.List;
import java.util.Objects;
import org.lora4j.text.internal.TextCheck;

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

    /**
     * Counts characters.
     *
     * @param pairs the pairs, at least one
     * @return the length of all their texts
     * @throws IllegalArgumentException if there is no pair
     */
    public static long characters(List<TextPair> pairs) {
        TextCheck.requireAll("pairs", pairs);
        return pairs.stream()
                .mapToLong(pair -> (long) pair.first().length() + pair.second().length())
                .sum();
    }
}
