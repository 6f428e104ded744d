package org.lora4j.text.tokens;

import java.util.Arrays;
import java.util.Map;

/**
 * Decodes tokens that come one by one, as a language model generates them. A character whose bytes are spread over several
 * tokens comes with the last of them. Not thread-safe.
 *
 * <p>The text of a token depends on those before it, so each step decodes the last few tokens twice, with and without the new
 * one, and returns the difference.
 */
public final class TokenStream {
    private static final String UNFINISHED = "\uFFFD";

    /** A character has at most 4 bytes; more tokens than this are bytes that are no text. */
    private static final int MOST_PENDING = 8;

    private final Tokenizer tokenizer;

    /** The texts of the special tokens that are not left out. */
    private final Map<Integer, String> kept;

    private int[] ids = new int[0];

    /** How many of {@link #ids} are only there for what follows: their text was returned. */
    private int returned;

    /** Whether the token before is one of {@link #kept}, whose text is part of the text. */
    private boolean followsKept;

    TokenStream(Tokenizer tokenizer, Map<Integer, String> kept) {
        this.tokenizer = tokenizer;
        this.kept = kept;
    }

    /**
     * Adds a token.
     *
     * @param id the token
     * @return the text that it adds; empty for a special token that is left out, and for one that ends within a character
     * @throws IllegalArgumentException if the token is negative
     * @throws IllegalStateException if the tokenizer was closed
     */
    public String add(int id) {
        String special = kept.get(id);
        if (special != null) {
            String text = end() + special;
            ids = new int[] {id};
            returned = 1;
            followsKept = true;
            return text;
        }
        if (followsKept && isLeftOut(id)) {
            return "";
        }
        int[] more = Arrays.copyOf(ids, ids.length + 1);
        more[ids.length] = id;
        String whole = decode(more);
        String before = before();
        if (whole.equals(before) && isLeftOut(id)) {
            // What follows begins no text, so the tokens before stay its context.
            return "";
        }
        ids = more;
        return whole.endsWith(UNFINISHED) && ids.length - returned < MOST_PENDING ? "" : take(whole, before);
    }

    /**
     * Ends the text.
     *
     * @return what was held back, with U+FFFD for a character that was not finished; mostly empty
     */
    public String end() {
        return returned == ids.length ? "" : take(decode(ids), before());
    }

    private String take(String whole, String before) {
        ids = Arrays.copyOfRange(ids, returned, ids.length);
        returned = ids.length;
        followsKept = false;
        return whole.length() > before.length() ? whole.substring(before.length()) : "";
    }

    /** The text that was returned, as far as it is needed for what follows. */
    private String before() {
        return decode(Arrays.copyOf(ids, returned));
    }

    private String decode(int[] tokens) {
        return tokenizer.decode(tokens, !followsKept);
    }

    /** Whether a token is special, so that it has no text. */
    private boolean isLeftOut(int id) {
        int[] one = {id};
        return tokenizer.decode(one).isEmpty() && !tokenizer.decode(one, false).isEmpty();
    }
}
