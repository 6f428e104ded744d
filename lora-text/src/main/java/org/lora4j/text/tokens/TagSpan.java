package org.lora4j.text.tokens;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Words of a text, or tokens, that are one thing, such as a name. A {@code TextSpan} has the same as characters.
 *
 * @param start its first word, from 0
 * @param end the word after its last one
 * @param label what it is, such as {@code PER}; {@code _} if the tags have no label
 */
public record TagSpan(int start, int end, String label) {
    /**
     * Checks the span.
     *
     * @param start its first word
     * @param end the word after its last one
     * @param label what it is
     * @throws IllegalArgumentException if it has no word, or begins before the first one
     */
    public TagSpan {
        Objects.requireNonNull(label, "label must not be null");
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException(
                    "a span must have at least one word, and begin at 0 or later, found " + start + " to " + end);
        }
    }

    /**
     * Reads the spans of tags, whatever their scheme is, and also if they are malformed: the rules of conlleval, which are the default
     * of seqeval. A span begins with B or S, with another type than before, or with I or E behind O, E or S; it ends before the next one,
     * before O, and behind E or S. These rules do not know L and U, which {@link TagScheme#spans} reads.
     *
     * @param tags a tag of each token of a text: O, or B, I, E, S, L or U, alone or with a hyphen and the type
     * @return the spans, from the first to the last
     * @throws IllegalArgumentException if a tag is another text
     * @see <a href="https://github.com/chakki-works/seqeval">seqeval: get_entities</a>
     */
    public static List<TagSpan> lenient(List<String> tags) {
        List<TagSpan> spans = new ArrayList<>();
        PrefixedTag before = PrefixedTag.OUTSIDE;
        int start = 0;
        for (int i = 0; i <= tags.size(); i++) {
            PrefixedTag tag = i < tags.size() ? PrefixedTag.parse(tags, i) : PrefixedTag.OUTSIDE;
            if (ends(before, tag)) {
                spans.add(new TagSpan(start, i, before.type()));
            }
            if (begins(before, tag)) {
                start = i;
            }
            before = tag;
        }
        return spans;
    }

    private static boolean ends(PrefixedTag before, PrefixedTag tag) {
        return !before.isOutside()
                && (before.isOneOf("ES")
                        || (before.isOneOf("BI") && tag.isOneOf("BSO"))
                        || !before.type().equals(tag.type()));
    }

    private static boolean begins(PrefixedTag before, PrefixedTag tag) {
        return !tag.isOutside()
                && (tag.isOneOf("BS")
                        || (before.isOneOf("OES") && tag.isOneOf("IE"))
                        || !before.type().equals(tag.type()));
    }
}
