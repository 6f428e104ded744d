package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.metrics.TagMetrics;
import org.lora4j.text.tokens.TagScheme;

/**
 * What a model says of texts whose tags are known.
 *
 * @param actual the tag of each word of each text
 * @param predicted the tag that the model gives each word of each text
 */
public record TaggedTexts(List<List<String>> actual, List<List<String>> predicted) {
    /**
     * Copies the lists.
     *
     * @param actual the tags of the texts
     * @param predicted those of the model
     * @throws IllegalArgumentException if there is not one prediction for each word
     */
    public TaggedTexts {
        actual = List.copyOf(Objects.requireNonNull(actual, "actual must not be null"));
        predicted = List.copyOf(Objects.requireNonNull(predicted, "predicted must not be null"));
        List<Integer> words = actual.stream().map(List::size).toList();
        List<Integer> found = predicted.stream().map(List::size).toList();
        if (!words.equals(found)) {
            throw new IllegalArgumentException(
                    "there must be one prediction for each word, found texts of " + found + " beside " + words);
        }
    }

    /**
     * Counts the spans of each text.
     *
     * @param scheme how tags become spans
     * @return how many spans are right, predicted and there, for each text
     */
    public List<PrecisionRecall> counts(TagScheme scheme) {
        List<PrecisionRecall> counts = new ArrayList<>();
        for (int i = 0; i < actual.size(); i++) {
            counts.add(TagMetrics.of(scheme.spans(actual.get(i)), scheme.spans(predicted.get(i)))
                    .micro());
        }
        return counts;
    }
}
