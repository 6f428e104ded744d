package org.lora4j.text.tokens;

import java.util.List;
import org.lora4j.internal.MessageText;

/** A tag of a token: a letter that says where in a span the token is, and the type of the span. */
record PrefixedTag(char prefix, String type) {
    /** What is no part of a span. */
    static final PrefixedTag OUTSIDE = new PrefixedTag('O', "_");

    private static final String LETTERS = "BIELSU";

    /** Reads the tag of a token. */
    static PrefixedTag parse(List<String> tags, int token) {
        String tag = tags.get(token);
        if (tag.equals("O")) {
            return OUTSIDE;
        }
        boolean hasLetter = !tag.isEmpty() && LETTERS.indexOf(tag.charAt(0)) >= 0;
        if (!hasLetter || (tag.length() > 1 && tag.charAt(1) != '-')) {
            throw new IllegalArgumentException("a tag must be O, or B, I, E, L, S or U with a hyphen and a type, found "
                    + MessageText.quote(tag) + " at token " + token);
        }
        return new PrefixedTag(tag.charAt(0), tag.length() > 2 ? tag.substring(2) : OUTSIDE.type());
    }

    boolean isOutside() {
        return prefix == OUTSIDE.prefix;
    }

    boolean isOneOf(String letters) {
        return letters.indexOf(prefix) >= 0;
    }
}
