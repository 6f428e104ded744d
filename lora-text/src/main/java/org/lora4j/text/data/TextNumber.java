package org.lora4j.text.data;

import java.util.Objects;

/**
 * A text with a number.
 *
 * @param text the text
 * @param number the number
 */
public record TextNumber(String text, double number) {
    /**
     * Checks the number.
     *
     * @param text the text
     * @param number the number
     * @throws IllegalArgumentException if the number is not finite
     */
    public TextNumber {
        Objects.requireNonNull(text, "text must not be null");
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("number must be finite, found " + number);
        }
    }
}
