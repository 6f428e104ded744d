package org.lora4j.text.data;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A text, or a pair of texts, of a class.
 *
 * @param text the text, or the first one of a pair
 * @param textPair the second text of a pair; null if there is one text
 * @param label the name of its class
 */
public record LabelledText(String text, @Nullable String textPair, String label) implements TextInput {
    /**
     * Checks that the text and its class are not null.
     *
     * @param text the text, or the first one of a pair
     * @param textPair the second text of a pair; null if there is one text
     * @param label the name of its class
     */
    public LabelledText {
        Objects.requireNonNull(text, "text must not be null");
        Objects.requireNonNull(label, "label must not be null");
    }

    /**
     * Returns one text of a class.
     *
     * @param text the text
     * @param label the name of its class
     */
    public LabelledText(String text, String label) {
        this(text, null, label);
    }
}
