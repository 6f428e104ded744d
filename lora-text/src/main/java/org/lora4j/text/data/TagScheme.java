package org.lora4j.text.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** How the tags of words say which words are a span together. */
public enum TagScheme {
    /** {@code B-} begins each span, and {@code I-} continues it; also called BIO. */
    IOB2("B", "I", "I", "B"),
    /** {@code I-} is in a span, and {@code E-} ends each one. */
    IOE2("I", "I", "E", "E"),
    /** {@code B-} begins a span, {@code I-} continues it, {@code E-} ends it, and {@code S-} is a span of one word; also called BIOES. */
    IOBES("B", "I", "E", "S"),
    /** As {@link #IOBES}, with {@code L-} and {@code U-} for the last and the only word. */
    BILOU("B", "I", "L", "U"),
    /** The tag is the label: words of one label that follow each other are one span. */
    PLAIN("", "", "", "");

    /** The tag of a word outside of all spans. */
    public static final String OUTSIDE = "O";

    private final String first;
    private final String middle;
    private final String last;
    private final String only;

    TagScheme(String first, String middle, String last, String only) {
        this.first = first;
        this.middle = middle;
        this.last = last;
        this.only = only;
    }

    /**
     * Words that are a span.
     *
     * @param from the first word
     * @param to the word behind the last one
     * @param label what they are
     */
    public record Run(int from, int to, String label) {}

    /**
     * Finds the scheme of tags.
     *
     * @param tags the tags that a model or a data set has
     * @return what their prefixes say; {@link #PLAIN} if a tag other than {@value #OUTSIDE} has none
     */
    public static TagScheme of(List<String> tags) {
        Objects.requireNonNull(tags, "tags must not be null");
        Set<String> prefixes = new LinkedHashSet<>();
        for (String tag : tags) {
            if (!tag.equals(OUTSIDE)) {
                prefixes.add(hasPrefix(tag) ? tag.substring(0, 1) : "");
            }
        }
        if (prefixes.isEmpty() || prefixes.contains("")) {
            return PLAIN;
        }
        if (prefixes.contains("L") || prefixes.contains("U")) {
            return BILOU;
        }
        if (prefixes.contains("S") || (prefixes.contains("E") && prefixes.contains("B"))) {
            return IOBES;
        }
        return prefixes.contains("E") ? IOE2 : IOB2;
    }

    private static boolean hasPrefix(String tag) {
        return tag.length() > 2 && tag.charAt(1) == '-' && "BIESLU".indexOf(tag.charAt(0)) >= 0;
    }

    /**
     * Returns the tags that labels of spans have.
     *
     * @param labels the labels, such as {@code PER} and {@code LOC}
     * @return {@value #OUTSIDE}, and then the tags of each label
     */
    public List<String> tags(List<String> labels) {
        Set<String> tags = new LinkedHashSet<>(List.of(OUTSIDE));
        for (String label : labels) {
            for (String prefix : List.of(first, middle, last, only)) {
                tags.add(tag(prefix, label));
            }
        }
        return List.copyOf(tags);
    }

    private static String tag(String prefix, String label) {
        return prefix.isEmpty() ? label : prefix + "-" + label;
    }

    /**
     * Writes spans as tags of words.
     *
     * @param words the number of words
     * @param runs the spans, which do not overlap
     * @return the tag of each word
     */
    public List<String> tags(int words, List<Run> runs) {
        String[] tags = new String[words];
        Arrays.fill(tags, OUTSIDE);
        for (Run run : runs) {
            for (int i = run.from; i < run.to; i++) {
                boolean isFirst = i == run.from;
                boolean isLast = i + 1 == run.to;
                tags[i] = tag(isFirst && isLast ? only : isFirst ? first : isLast ? last : middle, run.label);
            }
        }
        return List.of(tags);
    }

    /**
     * Returns the tag of a word that has the token of the word before it.
     *
     * @param tag the tag of both
     * @return the tag of one that continues the span
     */
    public String continuing(String tag) {
        return this != PLAIN && hasPrefix(tag) ? "I" + tag.substring(1) : tag;
    }

    /**
     * Joins tags of words to spans, as {@code seqeval} does it by default: {@code B-}, {@code S-} and {@code U-} begin a span, and so does
     * each tag of another label than the one before; {@code E-}, {@code S-}, {@code L-} and {@code U-} end it. So tags in a wrong order
     * are read too, and those of IOB1, in which {@code B-} only parts two spans.
     *
     * @param tags the tag of each word
     * @return the spans in the order of the words
     */
    public List<Run> runs(List<String> tags) {
        List<Run> runs = new ArrayList<>();
        int from = -1;
        String open = "";
        boolean ends = false;
        for (int i = 0; i < tags.size(); i++) {
            String tag = tags.get(i);
            boolean isOutside = tag.equals(OUTSIDE);
            boolean isPrefixed = this != PLAIN && hasPrefix(tag);
            char prefix = isPrefixed ? tag.charAt(0) : 'I';
            String label = isPrefixed ? tag.substring(2) : tag;
            boolean begins = "BSU".indexOf(prefix) >= 0;
            if (from >= 0 && (isOutside || begins || ends || !label.equals(open))) {
                runs.add(new Run(from, i, open));
                from = -1;
            }
            if (!isOutside && from < 0) {
                from = i;
                open = label;
            }
            ends = "ESLU".indexOf(prefix) >= 0;
        }
        if (from >= 0) {
            runs.add(new Run(from, tags.size(), open));
        }
        return runs;
    }
}
