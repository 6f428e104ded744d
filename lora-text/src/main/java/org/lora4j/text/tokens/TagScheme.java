package org.lora4j.text.tokens;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * How the tags of words say which words are a span together.
 *
 * <p>What is right in a scheme are three sets of patterns of a tag and the one before it, as in seqeval: where a span begins, where it goes
 * on, and where it ends.
 *
 * @see <a href="https://github.com/chakki-works/seqeval">seqeval: scheme.py</a>
 */
public enum TagScheme {
    /** {@code I-} is in a span; {@code B-} begins one directly behind another one of the same label, and only there. */
    IOB1("I", "I", "I", "I", "IOB", "OI* II! BI* IB= BB=", "BI= II=", "II! IO* IB* BO* BI! BB="),
    /** {@code B-} begins each span, and {@code I-} continues it; also called BIO. */
    IOB2("B", "I", "I", "B", "IOB", "*B*", "BI= II=", "IO* II! IB* BO* BI! BB*"),
    /** {@code I-} is in a span, and {@code E-} ends each one. */
    IOE2("I", "I", "E", "E", "IOE", "OI* OE* EI* EE* II! IE!", "IE= II=", "E**"),
    /** {@code B-} begins a span, {@code I-} continues it, {@code E-} ends it, and {@code S-} is a span of one word; also called BIOES. */
    IOBES("B", "I", "E", "S", "IOBES", "*B* *S*", "BI= BE= II= IE=", "S** E**"),
    /** As {@link #IOBES}, with {@code L-} and {@code U-} for the last and the only word. */
    BILOU("B", "I", "L", "U", "BILOU", "*B* *U*", "BI= BL= II= IL=", "U** L**"),
    /** The tag is the label: words of one label that follow each other are one span. */
    PLAIN("", "", "", "", "", "", "", "");

    /** The tag of a word outside of all spans. */
    public static final String OUTSIDE = "O";

    private final String first;
    private final String middle;
    private final String last;
    private final String only;

    private final String letters;
    private final String begin;
    private final String inside;
    private final String end;

    /**
     * Creates a scheme.
     *
     * @param first the letter of the first of several words; then those of a word between, of the last one, and of an only one
     * @param letters the letters that it has
     * @param begin patterns of where a span begins: the letter before, the letter, and {@code =} for the same label, {@code !} for another
     *     one; {@code *} is any. Then those of where it goes on, and of where it ends
     */
    TagScheme(
            String first,
            String middle,
            String last,
            String only,
            String letters,
            String begin,
            String inside,
            String end) {
        this.first = first;
        this.middle = middle;
        this.last = last;
        this.only = only;
        this.letters = letters;
        this.begin = begin;
        this.inside = inside;
        this.end = end;
    }

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
            if (this == IOB1) {
                tags.add(tag("B", label));
            }
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
     * @param spans the spans, which do not overlap, in the order of the words
     * @return the tag of each word
     */
    public List<String> tags(int words, List<TagSpan> spans) {
        String[] tags = new String[words];
        Arrays.fill(tags, OUTSIDE);
        TagSpan before = null;
        for (TagSpan span : spans) {
            for (int i = span.start(); i < span.end(); i++) {
                boolean isFirst = i == span.start();
                boolean isLast = i + 1 == span.end();
                String prefix = isFirst && isLast ? only : isFirst ? first : isLast ? last : middle;
                boolean isParted = this == IOB1
                        && isFirst
                        && before != null
                        && before.end() == i
                        && before.label().equals(span.label());
                tags[i] = tag(isParted ? "B" : prefix, span.label());
            }
            before = span;
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
     * Joins tags of words to spans, also those in a wrong order, as {@code seqeval} does it by default, see {@link TagSpan#lenient}. {@code L-}
     * and {@code U-} count as {@code E-} and {@code S-} do. So tags of {@link #IOB1} can be read as those of {@link #IOB2}.
     *
     * @param tags the tag of each word
     * @return the spans in the order of the words
     */
    public List<TagSpan> spans(List<String> tags) {
        return TagSpan.lenient(tags.stream().map(this::normal).toList());
    }

    private String normal(String tag) {
        if (tag.equals(OUTSIDE)) {
            return tag;
        }
        if (this == PLAIN || !hasPrefix(tag)) {
            return "I-" + tag;
        }
        return switch (tag.charAt(0)) {
            case 'L' -> "E" + tag.substring(1);
            case 'U' -> "S" + tag.substring(1);
            default -> tag;
        };
    }

    /**
     * Reads the spans of tags, and leaves out those that are not as the scheme has them: the strict mode of seqeval.
     *
     * @param tags the tag of each word
     * @return the spans in the order of the words
     * @throws IllegalArgumentException if a tag has a letter that the scheme does not have
     */
    public List<TagSpan> strictSpans(List<String> tags) {
        if (this == PLAIN) {
            return spans(tags);
        }
        List<PrefixedTag> all = new ArrayList<>();
        for (int i = 0; i < tags.size(); i++) {
            all.add(known(PrefixedTag.parse(tags, i), i));
        }
        all.add(PrefixedTag.OUTSIDE);
        List<TagSpan> spans = new ArrayList<>();
        int i = 0;
        while (i < tags.size()) {
            int start = i++;
            if (matches(begin, start == 0 ? PrefixedTag.OUTSIDE : all.get(start - 1), all.get(start))) {
                while (matches(inside, all.get(i - 1), all.get(i))) {
                    i++;
                }
                if (matches(end, all.get(i - 1), all.get(i))) {
                    spans.add(new TagSpan(start, i, all.get(start).type()));
                }
            }
        }
        return spans;
    }

    private PrefixedTag known(PrefixedTag tag, int token) {
        if (!tag.isOneOf(letters)) {
            throw new IllegalArgumentException("a tag of " + this + " must begin with one of the letters " + letters
                    + ", found " + tag.prefix() + " at token " + token);
        }
        return tag;
    }

    private static boolean matches(String patterns, PrefixedTag before, PrefixedTag tag) {
        char type = before.type().equals(tag.type()) ? '=' : '!';
        // Three characters and a space each.
        for (int i = 0; i < patterns.length(); i += 4) {
            if (isAnyOr(patterns.charAt(i), before.prefix())
                    && isAnyOr(patterns.charAt(i + 1), tag.prefix())
                    && isAnyOr(patterns.charAt(i + 2), type)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAnyOr(char pattern, char found) {
        return pattern == '*' || pattern == found;
    }
}
