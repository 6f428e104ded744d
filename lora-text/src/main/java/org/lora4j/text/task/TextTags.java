package org.lora4j.text.task;

import java.util.List;
import java.util.Objects;

/**
 * What a model finds in a text: a label for each word, and the spans of words that belong together. The offsets are those of Java's
 * strings, in UTF-16; {@link #inCodePoints} has those of Python and of most other languages.
 *
 * @param text the text
 * @param words its words with a tag each
 * @param spans the parts with a label, in the order of the text
 */
public record TextTags(String text, List<Word> words, List<Span> spans) {
    /**
     * A word with its tag.
     *
     * @param start where it begins
     * @param end where it ends: the place behind its last character
     * @param tag the tag of the model, such as {@code B-PER} or {@code O}
     * @param score the probability of the tag
     */
    public record Word(int start, int end, String tag, double score) {}

    /**
     * A part of the text with a label.
     *
     * @param start where it begins
     * @param end where it ends: the place behind its last character
     * @param label what it is, such as {@code PER}
     * @param score the mean probability of the tags of its words
     * @param text its characters
     */
    public record Span(int start, int end, String label, double score, String text) {}

    /**
     * Copies the lists.
     *
     * @param text the text
     * @param words its words
     * @param spans the parts with a label
     */
    public TextTags {
        Objects.requireNonNull(text, "text must not be null");
        words = List.copyOf(Objects.requireNonNull(words, "words must not be null"));
        spans = List.copyOf(Objects.requireNonNull(spans, "spans must not be null"));
    }

    /**
     * Returns the same with offsets that count characters: the two halves of a character, such as an emoji, count as one.
     *
     * @return the same words and spans with offsets in code points
     */
    public TextTags inCodePoints() {
        CodePoints places = new CodePoints(text);
        return new TextTags(
                text,
                words.stream()
                        .map(word -> new Word(places.of(word.start), places.of(word.end), word.tag, word.score))
                        .toList(),
                spans.stream()
                        .map(span ->
                                new Span(places.of(span.start), places.of(span.end), span.label, span.score, span.text))
                        .toList());
    }

    /** Counts the characters before a place of a text. */
    private static final class CodePoints {
        private final int[] before;

        CodePoints(String text) {
            before = new int[text.length() + 1];
            for (int i = 1; i <= text.length(); i++) {
                boolean isSecondHalf = i < text.length()
                        && Character.isLowSurrogate(text.charAt(i))
                        && Character.isHighSurrogate(text.charAt(i - 1));
                before[i] = before[i - 1] + (isSecondHalf ? 0 : 1);
            }
        }

        int of(int place) {
            return before[place];
        }
    }
}
