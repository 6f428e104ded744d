package org.lora4j.text.internal;

/**
 * Upper and lower case of texts, as Python has them. The time grows with the length of the text only, where the methods of
 * {@link String} copy the result for each character that becomes several.
 */
public final class LetterCase {
    private static final int CAPITAL_SIGMA = 'Σ';
    private static final int I_WITH_DOT = 'İ';

    /** Punctuation that may stand within a word. */
    private static final String IN_WORDS = "'.:·\u0387\u055f\u05f4‘’․‧\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

    private LetterCase() {}

    /**
     * Returns a text in lower case. A sigma at the end of a word becomes the final one.
     *
     * @param text the text
     * @return the text in lower case
     */
    public static String lower(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            int next = at + Character.charCount(c);
            if (c == CAPITAL_SIGMA) {
                out.append(isFinal(text, at, next) ? 'ς' : 'σ');
            } else if (c == I_WITH_DOT) {
                out.append("i\u0307");
            } else {
                out.appendCodePoint(Character.toLowerCase(c));
            }
            at = next;
        }
        return out.toString();
    }

    /**
     * Returns how long a text is in lower case, in characters.
     *
     * @param text the text
     * @return the length of {@link #lower}
     */
    public static long lengthInLower(String text) {
        return text.length() + text.chars().filter(c -> c == I_WITH_DOT).count();
    }

    /** Whether a character has a case. */
    public static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /** Whether there is a letter with a case before, and none after, in the same word. */
    private static boolean isFinal(String text, int from, int to) {
        int before = from;
        while (before > 0 && isIgnored(text.codePointBefore(before))) {
            before -= Character.charCount(text.codePointBefore(before));
        }
        if (before == 0 || !isCased(text.codePointBefore(before))) {
            return false;
        }
        int after = to;
        while (after < text.length() && isIgnored(text.codePointAt(after))) {
            after += Character.charCount(text.codePointAt(after));
        }
        return after == text.length() || !isCased(text.codePointAt(after));
    }

    /** Unicode's {@code Case_Ignorable}. */
    private static boolean isIgnored(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> IN_WORDS.indexOf(c) >= 0;
        };
    }
}
