package org.lora4j.text.data;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A text, or a pair of texts, with any number of labels.
 *
 * @param text the text, or the first one of a pair
 * @param textPair the second text of a pair; null if there is one text
 * @param labels the names of its labels; may be empty
 */
public record TextLabels(String text, @Nullable String textPair, List<String> labels) implements TextInput {
    /**
     * Copies the list.
     *
     * @param text the text, or the first one of a pair
     * @param textPair the second text of a pair; null if there is one text
     * @param labels the names of its labels
     * @throws IllegalArgumentException if a label stands there twice
     */
    public TextLabels {
        Objects.requireNonNull(text, "text must not be null");
        labels = List.copyOf(Objects.requireNonNull(labels, "labels must not be null"));
        if (new HashSet<>(labels).size() < labels.size()) {
            throw new IllegalArgumentException("labels must be different from each other, found " + labels);
        }
    }

    /**
     * Returns one text with its labels.
     *
     * @param text the text
     * @param labels the names of its labels
     * @throws IllegalArgumentException if a label stands there twice
     */
    public TextLabels(String text, List<String> labels) {
        this(text, null, labels);
    }
}
