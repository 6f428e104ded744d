package org.lora4j.text.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.internal.MessageText;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.tokens.TextWords;

/**
 * A text of which parts have labels: names, products, personal data.
 *
 * @param words the text with its words
 * @param tagged the parts with a label, in the order of the words
 */
public record TaggedText(TextWords words, List<TagSpan> tagged) {
    /**
     * Checks the parts.
     *
     * @param words the text with its words
     * @param tagged the parts with a label
     * @throws IllegalArgumentException if one is outside the text, or begins before the one before it ends
     */
    public TaggedText {
        Objects.requireNonNull(words, "words must not be null");
        tagged = List.copyOf(Objects.requireNonNull(tagged, "tagged must not be null"));
        int last = 0;
        for (TagSpan one : tagged) {
            if (one.start() < last
                    || one.end() <= one.start()
                    || one.end() > words.words().size()) {
                throw new IllegalArgumentException(
                        "spans: each must be words of the text behind the span before it, found the words "
                                + one.start() + " to " + one.end() + " of "
                                + words.words().size() + " for " + one.label());
            }
            last = one.end();
        }
    }

    /**
     * Creates an example of words with tags.
     *
     * @param words the words
     * @param tags the tag of each, such as {@code B-PER} or {@code O}
     * @param scheme what the tags mean
     * @return the example
     * @throws IllegalArgumentException if there is not one tag for each word, or a word is empty
     */
    public static TaggedText ofTags(List<String> words, List<String> tags, TagScheme scheme) {
        Objects.requireNonNull(tags, "tags must not be null");
        Objects.requireNonNull(scheme, "scheme must not be null");
        TextWords joined = TextWords.join(words);
        if (tags.size() != words.size()) {
            throw new IllegalArgumentException(
                    "tags: there must be one for each of the " + words.size() + " words, found " + tags.size());
        }
        return new TaggedText(joined, scheme.spans(tags));
    }

    /**
     * Creates an example of a text with spans. The text is divided by {@link TextWords#of(String)}. Spaces at the ends of a span do not
     * count.
     *
     * @param text the text
     * @param spans the parts with a label, in any order
     * @return the example
     * @throws IllegalArgumentException if a span is outside the text, overlaps another one, or does not begin and end with words; the
     *     message says where
     */
    public static TaggedText ofSpans(String text, List<TextSpan> spans) {
        TextWords words = TextWords.of(text);
        Map<Integer, Integer> byStart = new HashMap<>();
        Map<Integer, Integer> byEnd = new HashMap<>();
        for (int i = 0; i < words.words().size(); i++) {
            byStart.put(words.words().get(i).start(), i);
            byEnd.put(words.words().get(i).end(), i + 1);
        }
        List<TextSpan> sorted = new ArrayList<>(spans);
        sorted.sort(Comparator.comparingInt(TextSpan::start));
        List<TagSpan> tagged = new ArrayList<>();
        TextSpan before = null;
        for (TextSpan span : sorted) {
            if (span.end() > text.length()) {
                throw new IllegalArgumentException(
                        "spans: each must lie in the text of " + text.length() + " chars, found " + place(span));
            }
            if (before != null && span.start() < before.end()) {
                throw new IllegalArgumentException(
                        "spans: none must overlap another one, found " + place(span) + " beside " + place(before));
            }
            Integer from = byStart.get(withoutSpaces(text, span.start(), span.end(), 1));
            Integer to = byEnd.get(withoutSpaces(text, span.end(), span.start(), -1));
            if (from == null || to == null || from >= to) {
                throw new IllegalArgumentException("spans: each must begin and end with a word of the text, found "
                        + place(span) + ", which is "
                        + MessageText.quote(text.substring(span.start(), span.end())) + " in "
                        + MessageText.quote(around(text, span)));
            }
            tagged.add(new TagSpan(from, to, span.label()));
            before = span;
        }
        return new TaggedText(words, tagged);
    }

    private static String place(TextSpan span) {
        return span.start() + " to " + span.end() + " for " + span.label();
    }

    private static String around(String text, TextSpan span) {
        int from = Math.max(0, span.start() - 20);
        int to = Math.min(text.length(), span.end() + 20);
        return text.substring(from, to);
    }

    /** The place without the spaces there. */
    private static int withoutSpaces(String text, int from, int to, int step) {
        int at = from;
        while (at != to && Character.isWhitespace(text.charAt(step > 0 ? at : at - 1))) {
            at += step;
        }
        return at;
    }

    /**
     * Returns the parts with a label.
     *
     * @return in the order of the text
     */
    public List<TextSpan> spans() {
        return tagged.stream()
                .map(one -> new TextSpan(
                        words.words().get(one.start()).start(),
                        words.words().get(one.end() - 1).end(),
                        one.label()))
                .toList();
    }
}
