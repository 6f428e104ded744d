package org.lora4j.text.metrics;

import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.text.tokens.TagSpan;

/**
 * How well spans are found, by the rules of seqeval. A span is right if type, start and end are.
 *
 * @param types the counts of each type that texts or predictions have
 */
public record TagMetrics(SortedMap<String, PrecisionRecall> types) {
    /**
     * Copies the counts.
     *
     * @param types the counts of each type
     */
    public TagMetrics {
        types = Collections.unmodifiableSortedMap(new TreeMap<>(types));
    }

    /**
     * Counts the spans of a text.
     *
     * @param actual those that it has
     * @param predicted those that were predicted
     * @return the counts
     * @see org.lora4j.text.tokens.TagScheme#spans
     * @see org.lora4j.text.tokens.TagScheme#strictSpans
     */
    public static TagMetrics of(Collection<TagSpan> actual, Collection<TagSpan> predicted) {
        Set<TagSpan> all = new HashSet<>(actual);
        Set<TagSpan> found = new HashSet<>(predicted);
        Set<TagSpan> correct = new HashSet<>(found);
        correct.retainAll(all);
        SortedMap<String, PrecisionRecall> types = new TreeMap<>();
        Stream.concat(all.stream(), found.stream())
                .map(TagSpan::label)
                .distinct()
                .forEach(type -> types.put(
                        type, new PrecisionRecall(count(correct, type), count(found, type), count(all, type))));
        return new TagMetrics(types);
    }

    private static long count(Set<TagSpan> spans, String type) {
        return spans.stream().filter(span -> span.label().equals(type)).count();
    }

    /**
     * Adds up the counts of texts.
     *
     * @param texts those of each text
     * @return those of all
     */
    public static TagMetrics sum(Collection<TagMetrics> texts) {
        SortedMap<String, PrecisionRecall> types = new TreeMap<>();
        texts.forEach(text -> text.types.forEach((type, counts) -> types.merge(type, counts, PrecisionRecall::plus)));
        return new TagMetrics(types);
    }

    /**
     * Returns precision, recall and F1 of all spans together.
     *
     * @return the counts of all types
     */
    public PrecisionRecall micro() {
        return PrecisionRecall.sum(types.values());
    }

    /**
     * Returns the means over the types, also those that only predictions have.
     *
     * @return nothing if there is no type
     */
    public Optional<MeanPrecisionRecall> macro() {
        return types.isEmpty() ? Optional.empty() : Optional.of(MeanPrecisionRecall.macro(types.values()));
    }

    /**
     * Returns the means over the types, each of which counts as often as texts have it.
     *
     * @return the means; 0 if texts have no span
     */
    public MeanPrecisionRecall weighted() {
        return MeanPrecisionRecall.weighted(types.values());
    }

    /**
     * Returns the share of tokens whose tag is right.
     *
     * @param actual the tags of the tokens of each text
     * @param predicted those that were predicted, as many
     * @return between 0 and 1; 0 without tokens
     * @throws IllegalArgumentException if the numbers of texts or of tokens differ
     */
    public static double accuracy(List<List<String>> actual, List<List<String>> predicted) {
        requireAsMany("text", actual.size(), predicted.size());
        long tokens = 0;
        long right = 0;
        for (int t = 0; t < actual.size(); t++) {
            List<String> tags = actual.get(t);
            List<String> found = predicted.get(t);
            requireAsMany("token of text " + t, tags.size(), found.size());
            tokens += tags.size();
            right += IntStream.range(0, tags.size())
                    .filter(i -> tags.get(i).equals(found.get(i)))
                    .count();
        }
        return tokens == 0 ? 0 : (double) right / tokens;
    }

    private static void requireAsMany(String what, int actual, int predicted) {
        if (actual != predicted) {
            throw new IllegalArgumentException(
                    "there must be a prediction for each " + what + ", found " + predicted + " for " + actual);
        }
    }
}
