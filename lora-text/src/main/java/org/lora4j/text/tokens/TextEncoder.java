package org.lora4j.text.tokens;

import java.util.List;

/** Makes tokens of whole texts, and texts of tokens. It cuts nothing and pads nothing. Thread-safe. */
interface TextEncoder extends AutoCloseable {
    /**
     * Returns the tokens of a whole text.
     *
     * @param special whether special tokens are added
     */
    NativeTokens encode(String text, boolean special);

    /** Returns only the numbers of the tokens of a whole text. */
    int[] ids(String text, boolean special);

    /** Returns the tokens of whole texts, with the special ones. */
    List<NativeTokens> encode(List<String> texts);

    /** Returns the tokens of whole pairs, with the special ones. */
    List<NativeTokens> encodePairs(List<TextPair> pairs);

    /**
     * Returns the beginning of a text, so that little of a long text that is cut becomes tokens.
     *
     * @param text a text without lone surrogates
     * @param tokens how many tokens must be those of the text
     * @return a beginning with at least so many, or the text
     */
    String beginning(String text, int tokens);

    /**
     * Returns the part of a text that each of its tokens is of.
     *
     * @param special whether special tokens are added, which are of no part
     * @throws IllegalArgumentException if the tokens do not say it
     */
    TokenSpans spans(String text, boolean special);

    /** Returns the text of tokens. */
    String decode(int[] ids, boolean skipSpecial);

    /** Frees the native memory, if there is some, after the calls that use it now. */
    @Override
    void close();
}
