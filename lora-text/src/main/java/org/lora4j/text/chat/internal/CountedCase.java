package org.lora4j.text.chat.internal;

import java.util.Locale;
import org.lora4j.text.internal.LetterCase;

/** Upper and lower case of texts, whose characters are counted. */
final class CountedCase {
    private CountedCase() {}

    /** A text in lower case, which is counted before it is made. */
    static String lower(String text, Budget budget) {
        budget.text(LetterCase.lengthInLower(text));
        return LetterCase.lower(text);
    }

    /** A text in upper case, where a character becomes up to three. */
    static String upper(String text, Budget budget) {
        StringBuilder out = new StringBuilder(text.length());
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            String upper = Character.toString(c).toUpperCase(Locale.ROOT);
            budget.grow(out.length(), upper.length());
            out.append(upper);
            at += Character.charCount(c);
        }
        return out.toString();
    }
}
