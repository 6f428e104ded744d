package org.lora4j.text.metrics;

import java.util.ArrayList;
import java.util.List;

/**
 * How tags of tokens stand for spans. O is no part of a span; what the other letters mean is what the schemes differ in.
 *
 * <p>A scheme is three sets of patterns of a tag and the one before it, as in seqeval: where a span begins, where it goes on, and where
 * it ends. Tags that no pattern begins a span with are no span, and neither is one that ends otherwise.
 *
 * @see <a href="https://github.com/chakki-works/seqeval">seqeval: scheme.py, the strict mode</a>
 */
public enum TagScheme {
    /** I is inside; B begins a span directly behind another one of the same type, and only there. */
    IOB1("IOB", "OI* II! BI* IB= BB=", "BI= II=", "II! IO* IB* BO* BI! BB="),
    /** B begins each span, I goes on: the BIO of most models. */
    IOB2("IOB", "*B*", "BI= II=", "IO* II! IB* BO* BI! BB*"),
    /** E ends each span, I is before it. */
    IOE2("IOE", "OI* OE* EI* EE* II! IE!", "IE= II=", "E**"),
    /** B begins, I goes on, E ends; S is a span of one token. */
    IOBES("IOBES", "*B* *S*", "BI= BE= II= IE=", "S** E**"),
    /** B begins, I goes on, L is the last; U is a span of one token. */
    BILOU("BILOU", "*B* *U*", "BI= BL= II= IL=", "U** L**");

    private final String letters;
    private final String begin;
    private final String inside;
    private final String end;

    /**
     * Creates a scheme.
     *
     * @param letters the letters that it has
     * @param begin patterns: the letter before, the letter, and {@code =} for the same type, {@code !} for another one; {@code *} is any
     */
    TagScheme(String letters, String begin, String inside, String end) {
        this.letters = letters;
        this.begin = begin;
        this.inside = inside;
        this.end = end;
    }

    /**
     * Reads the spans of tags, and leaves out those that are not as the scheme has them: the strict mode of seqeval.
     * {@link TagSpan#lenient} reads malformed tags too.
     *
     * @param tags a tag of each token of a text
     * @return the spans, from the first to the last
     * @throws IllegalArgumentException if a tag has a letter that the scheme does not have
     */
    public List<TagSpan> spans(List<String> tags) {
        List<Tag> all = new ArrayList<>();
        for (int i = 0; i < tags.size(); i++) {
            all.add(known(Tag.parse(tags, i), i));
        }
        all.add(Tag.OUTSIDE);
        List<TagSpan> spans = new ArrayList<>();
        int i = 0;
        while (i < tags.size()) {
            int start = i++;
            if (matches(begin, start == 0 ? Tag.OUTSIDE : all.get(start - 1), all.get(start))) {
                while (matches(inside, all.get(i - 1), all.get(i))) {
                    i++;
                }
                if (matches(end, all.get(i - 1), all.get(i))) {
                    spans.add(new TagSpan(all.get(start).type(), start, i));
                }
            }
        }
        return spans;
    }

    private Tag known(Tag tag, int token) {
        if (!tag.isOneOf(letters)) {
            throw new IllegalArgumentException("a tag of " + this + " must begin with one of the letters " + letters
                    + ", found " + tag.prefix() + " at token " + token);
        }
        return tag;
    }

    private static boolean matches(String patterns, Tag before, Tag tag) {
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
