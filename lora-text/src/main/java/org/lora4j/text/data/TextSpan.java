package org.lora4j.text.data;

import java.util.Objects;

/**
 * A part of a text with a label. The offsets are those of Java's strings, in UTF-16.
 *
 * @param start where it begins
 * @param end where it ends: the place behind its last char
 * @param label what it is, such as {@code PER}
 */
public record TextSpan(int start, int end, String label) {
    /**
     * Checks the label.
     *
     * @param start where it begins
     * @param end where it ends
     * @param label what it is
     * @throws IllegalArgumentException if the span has no char, or the label is blank
     */
    public TextSpan {
        if (Objects.requireNonNull(label, "label must not be null").isBlank()) {
            throw new IllegalArgumentException("a span must have a label, found a blank one at " + start);
        }
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException("a span must begin at 0 or later and end behind its beginning, found "
                    + start + " to " + end + " for " + label);
        }
    }
}
