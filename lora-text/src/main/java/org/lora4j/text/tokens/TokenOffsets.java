package org.lora4j.text.tokens;

import java.util.Arrays;
import java.util.Objects;
import org.lora4j.text.internal.LetterCase;

/** The tokens of a whole text, with the special ones, and the part of the text that each one is of. Nothing is cut. */
public final class TokenOffsets {
    private final NativeTokens tokens;
    private final int[] starts;
    private final int[] ends;

    /**
     * Creates the offsets.
     *
     * @param starts where the tokens begin, in chars; −1 for a token of no part of the text
     * @param ends where they end
     */
    private TokenOffsets(NativeTokens tokens, int[] starts, int[] ends) {
        this.tokens = tokens;
        this.starts = starts;
        this.ends = ends;
    }

    /**
     * Converts what a tokenizer counts in characters.
     *
     * @param spans the part of the text of each token, in characters
     * @param places the place in the text, in chars, of each character and of the end
     */
    static TokenOffsets of(NativeTokens tokens, TokenSpans spans, int[] places) {
        int[] starts = new int[tokens.ids().length];
        int[] ends = new int[starts.length];
        for (int i = 0; i < starts.length; i++) {
            boolean isOfText = tokens.texts()[i] >= 0 && spans.starts()[i] >= 0;
            starts[i] = isOfText ? places[spans.starts()[i]] : -1;
            ends[i] = isOfText ? places[spans.ends()[i]] : -1;
        }
        return new TokenOffsets(tokens, starts, ends);
    }

    /** The place of each character of a text and of its end, in chars. */
    static int[] places(String text) {
        int[] places = new int[text.codePointCount(0, text.length()) + 1];
        int at = 0;
        for (int i = 0; i + 1 < places.length; i++) {
            places[i] = at;
            at += Character.charCount(text.codePointAt(at));
        }
        places[places.length - 1] = at;
        return places;
    }

    /** The place in a text of each character that it has in lower case: some letters become two. */
    static int[] placesInLower(String text) {
        int[] places = new int[Math.toIntExact(LetterCase.lengthInLower(text)) + 1];
        int count = 0;
        int at = 0;
        while (at < text.length()) {
            int character = text.codePointAt(at);
            String lower = LetterCase.lower(Character.toString(character));
            for (int i = 0; i < lower.codePointCount(0, lower.length()); i++) {
                places[count++] = at;
            }
            at += Character.charCount(character);
        }
        places[count++] = at;
        return Arrays.copyOf(places, count);
    }

    /**
     * Returns the tokens.
     *
     * @return a new array {@code [t]}, with the special ones
     */
    public int[] ids() {
        return tokens.ids().clone();
    }

    /**
     * Returns the number of tokens.
     *
     * @return t
     */
    public int size() {
        return starts.length;
    }

    /**
     * Returns whether a token was added to the text.
     *
     * @param token the number of the token
     * @return true for a special one that is not written in the text
     */
    public boolean isSpecial(int token) {
        return tokens.texts()[Objects.checkIndex(token, size())] < 0;
    }

    /**
     * Returns where a token begins in the text.
     *
     * @param token the number of the token
     * @return the place in chars; −1 for a token of no part of the text
     */
    public int start(int token) {
        return starts[token];
    }

    /**
     * Returns where a token ends in the text.
     *
     * @param token the number of the token
     * @return the place behind its last char; −1 for a token of no part of the text
     */
    public int end(int token) {
        return ends[token];
    }

    @Override
    public String toString() {
        return "TokenOffsets(" + size() + " tokens)";
    }
}
