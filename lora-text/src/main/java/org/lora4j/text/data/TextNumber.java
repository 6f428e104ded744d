package org.lora4j.text.data;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A text, or a pair of texts, with a number.
 *
 * @param text the text, or the first one of a pair
 * @param textPair the second text of a pair; null if there is one text
 * @param number the number
 */
public record TextNumber(String text, @Nullable String textPair, double number) implements TextInput {
    /**
     * Checks the number.
     *
     * @param text the text, or the first one of a pair
     * @param textPair the second text of a pair; null if there is one text
     * @param number the number
     * @throws IllegalArgumentException if the number is not finite
     */
    public TextNumber {
        Objects.requireNonNull(text, "text must not be null");
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("number must be finite, found " + number);
        }
    }

    /**
     * Returns one text with a number.
     *
     * @param text the text
     * @param number the number
     * @throws IllegalArgumentException if the number is not finite
     */
    public TextNumber(String text, double number) {
        this(text, null, number);
    }
}
