package org.lora4j.text.tokens;

/**
 * The beginning of a text, whose first tokens are those of the whole text. With it a text of megabytes that is cut after a few
 * tokens need not become tokens as a whole.
 *
 * <p>A tokenizer divides a text into words from left to right, and then each word into tokens, so the tokens of a word depend on
 * this word alone. Where the words end is decided by what follows close by: a word may go on, a token such as
 * {@code <|im_end|>} may begin. So all words of a beginning are words of the text, but for the last ones. If too few words
 * are certain, a longer beginning is tried, and at last the text: always for tokenizers that do not divide texts, whose only word
 * is the text.
 */
final class TextBeginning {
    /** Far more than what a tokenizer looks ahead: one character of the next word, or the name of a special token. */
    private static final int UNCERTAIN_WORDS = 256;

    /** Rarely has a token more characters. */
    private static final int CHARACTERS_PER_TOKEN = 16;

    private static final int GROWTH = 4;

    private TextBeginning() {}

    /**
     * Returns the beginning of a text.
     *
     * @param text a text without lone surrogates
     * @param tokens how many tokens must be those of the text
     * @return a beginning with at least so many, or the text
     */
    static String of(String text, int tokens, NativeTokenizer tokenizer) {
        long length = CHARACTERS_PER_TOKEN * (tokens + (long) UNCERTAIN_WORDS);
        for (; length < text.length(); length *= GROWTH) {
            int end = (int) length;
            String beginning = text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end);
            if (certain(tokenizer.words(beginning)) >= tokens) {
                return beginning;
            }
        }
        return text;
    }

    /** Returns how many tokens are before the last words. */
    private static int certain(int[] words) {
        int uncertain = 0;
        for (int i = words.length - 1; i >= 0; i--) {
            boolean isLastOfWord = i + 1 == words.length || words[i] != words[i + 1];
            if (isLastOfWord && ++uncertain > UNCERTAIN_WORDS) {
                return i + 1;
            }
        }
        return 0;
    }
}
