package org.lora4j.text.data;

import java.util.Objects;

/**
 * A text of a class.
 *
 * @param text the text
 * @param label the name of its class
 */
public record LabelledText(String text, String label) {
    /**
     * Checks that nothing is null.
     *
     * @param text the text
     * @param label the name of its class
     */
    public LabelledText {
        Objects.requireNonNull(text, "text must not be null");
        Objects.requireNonNull(label, "label must not be null");
    }
}
