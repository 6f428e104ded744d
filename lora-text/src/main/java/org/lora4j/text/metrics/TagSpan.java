package org.lora4j.text.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Tokens of a text that are one thing, such as a name.
 *
 * @param type what it is, such as {@code PER}; {@code _} if the tags have no type
 * @param start its first token, from 0
 * @param end the token after its last one
 */
public record TagSpan(String type, int start, int end) {
    /**
     * Checks the span.
     *
     * @param type what it is
     * @param start its first token
     * @param end the token after its last one
     * @throws IllegalArgumentException if it has no token, or begins before the first one
     */
    public TagSpan {
        Objects.requireNonNull(type, "type must not be null");
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException(
                    "a span must have at least one token, and begin at 0 or later, found " + start + " to " + end);
        }
    }

    /**
     * Reads the spans of tags, whatever their scheme is, and also if they are malformed: the rules of conlleval, which are the default
     * of seqeval. A span begins with B or S, with another type than before, or with I or E behind O, E or S; it ends before the next one,
     * before O, and behind E or S. These rules do not know L and U: use {@link TagScheme#BILOU} for them.
     *
     * @param tags a tag of each token of a text: O, or B, I, E, S, L or U, alone or with a hyphen and the type
     * @return the spans, from the first to the last
     * @throws IllegalArgumentException if a tag is another text
     * @see <a href="https://github.com/chakki-works/seqeval">seqeval: get_entities</a>
     */
    public static List<TagSpan> lenient(List<String> tags) {
        List<TagSpan> spans = new ArrayList<>();
        Tag before = Tag.OUTSIDE;
        int start = 0;
        for (int i = 0; i <= tags.size(); i++) {
            Tag tag = i < tags.size() ? Tag.parse(tags, i) : Tag.OUTSIDE;
            if (ends(before, tag)) {
                spans.add(new TagSpan(before.type(), start, i));
            }
            if (begins(before, tag)) {
                start = i;
            }
            before = tag;
        }
        return spans;
    }

    private static boolean ends(Tag before, Tag tag) {
        return !before.isOutside()
                && (before.isOneOf("ES")
                        || (before.isOneOf("BI") && tag.isOneOf("BSO"))
                        || !before.type().equals(tag.type()));
    }

    private static boolean begins(Tag before, Tag tag) {
        return !tag.isOutside()
                && (tag.isOneOf("BS")
                        || (before.isOneOf("OES") && tag.isOneOf("IE"))
                        || !before.type().equals(tag.type()));
    }
}
