package org.lora4j.example.text.data;

import java.util.List;

/**
 * Texts with a class each.
 *
 * @param texts the texts
 * @param classes the class of each text, from 0
 */
public record LabelledTexts(List<String> texts, List<Integer> classes) {
    /**
     * Copies both.
     *
     * @param texts as in the record
     * @param classes as in the record
     * @throws IllegalArgumentException if there is not one class for each text
     */
    public LabelledTexts {
        texts = List.copyOf(texts);
        classes = List.copyOf(classes);
        if (texts.size() != classes.size()) {
            throw new IllegalArgumentException(
                    "there must be a class for each of the " + texts.size() + " texts, found " + classes.size());
        }
    }

    /**
     * Returns the first texts.
     *
     * @param most the most of them
     * @return at most this many texts
     */
    public LabelledTexts first(int most) {
        int n = Math.min(most, size());
        return new LabelledTexts(texts.subList(0, n), classes.subList(0, n));
    }

    /**
     * Counts the texts.
     *
     * @return their number
     */
    public int size() {
        return texts.size();
    }
}
