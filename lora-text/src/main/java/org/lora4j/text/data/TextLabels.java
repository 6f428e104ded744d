package org.lora4j.text.data;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;

/**
 * A text with any number of labels.
 *
 * @param text the text
 * @param labels the names of its labels; may be empty
 */
public record TextLabels(String text, List<String> labels) {
    /**
     * Copies the list.
     *
     * @param text the text
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
}
