package org.lora4j.text.tokens;

/**
 * The part of a text that each of its tokens is of, in characters; the two halves of a character count as one.
 *
 * @param starts where the tokens begin; −1 for a token of no part {@code [t]}
 * @param ends where they end; −1 for a token of no part {@code [t]}
 */
@SuppressWarnings("ArrayRecordComponent")
record TokenSpans(int[] starts, int[] ends) {}
