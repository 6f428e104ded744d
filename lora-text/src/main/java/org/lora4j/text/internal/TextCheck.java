package org.lora4j.text.internal;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** Checks of texts. */
public final class TextCheck {
    private static final char REPLACEMENT = '\uFFFD';
    private static final int LONGEST_LINE = 400;

    private TextCheck() {}

    /** Returns a message that has texts of others in it on one line, cut if it is long. */
    public static String line(@Nullable String message) {
        return MessageText.printable(String.valueOf(message), LONGEST_LINE);
    }

    public static void requireAll(String what, List<?> elements) {
        Objects.requireNonNull(elements, what + " must not be null");
        for (int i = 0; i < elements.size(); i++) {
            int index = i;
            Objects.requireNonNull(elements.get(i), () -> what + ": each must be a text, found null at index " + index);
        }
    }

    /**
     * Returns how long texts are.
     *
     * @throws NullPointerException if a text is null; the message names it
     */
    public static long characters(String what, List<String> texts) {
        requireAll(what, texts);
        return texts.stream().mapToLong(String::length).sum();
    }

    /**
     * Returns whether a reader sees a character that stands alone. The tokenizers of BERT leave out those that nobody sees, so a
     * text of these alone has no tokens. Half a character counts as visible: it is refused with a message of its own.
     */
    public static boolean isVisible(int character) {
        if (Character.isWhitespace(character) || Character.isSpaceChar(character) || character == REPLACEMENT) {
            return false;
        }
        return switch (Character.getType(character)) {
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.NON_SPACING_MARK -> false;
            default -> true;
        };
    }

    /** Returns the index of the first half of a character outside the basic plane that stands alone; −1 if there is none. */
    public static int loneSurrogate(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else {
                return i;
            }
        }
        return -1;
    }

    /** Replaces each lone surrogate by U+FFFD. Such a text has no UTF-8 form, and the native library would make three of it. */
    public static String wellFormed(String text) {
        int lone = loneSurrogate(text, 0);
        if (lone < 0) {
            return text;
        }
        StringBuilder result = new StringBuilder(text);
        for (; lone >= 0; lone = loneSurrogate(text, lone + 1)) {
            result.setCharAt(lone, REPLACEMENT);
        }
        return result.toString();
    }
}
