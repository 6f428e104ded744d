package org.lora4j.internal;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Quotes and checks names and texts from files. They are untrusted: they can be long or contain control characters. */
@ForModules
public final class MessageText {
    private static final int LONGEST = 80;
    private static final int LONGEST_MESSAGE = 400;
    private static final int MOST = 20;
    private static final int LONGEST_LINE = 2_000;

    private MessageText() {}

    /** Returns the text in quotes. It shortens long texts and replaces control characters. */
    public static String quote(String text) {
        return "'" + shorten(text) + "'";
    }

    /** Returns the text as {@link #quote} does, without quotes. */
    public static String shorten(String text) {
        return printable(text, LONGEST);
    }

    /** Returns a message that has names or texts from files in it on one line of at most {@value #LONGEST_LINE} characters. */
    public static String line(String message) {
        return printable(message, LONGEST_LINE);
    }

    /** Returns a text on one line of at most so many characters. It replaces control characters and halves of characters. */
    public static String printable(String text, int most) {
        String cut = text.length() <= most ? text : text.substring(0, most) + "…";
        StringBuilder printable = new StringBuilder();
        cut.codePoints().forEach(c -> printable.appendCodePoint(isPrintable(c) ? c : '\uFFFD'));
        return printable.toString();
    }

    /** Returns the message of another library on one line, with a limited length. */
    public static String describe(@Nullable String message) {
        return message == null ? "no details" : "'" + printable(message, LONGEST_MESSAGE) + "'";
    }

    /** Returns the names in quotes: the first {@value #MOST}, and the number of the others. */
    public static String list(Collection<String> names) {
        if (names.isEmpty()) {
            return "none";
        }
        String first = names.stream().limit(MOST).map(MessageText::quote).collect(Collectors.joining(", "));
        return names.size() <= MOST ? first : first + " and " + (names.size() - MOST) + " more";
    }

    /** Returns names of this program in brackets: the first {@value #MOST}, and the number of the others. */
    public static String brackets(Collection<String> names) {
        String first = names.stream().limit(MOST).collect(Collectors.joining(", ", "[", "]"));
        return names.size() <= MOST ? first : first + " and " + (names.size() - MOST) + " more";
    }

    /** Returns whether the text is valid Unicode without lone surrogates, so UTF-8 can encode it. */
    public static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /**
     * Returns the value that is stored under the name of a tensor.
     *
     * @throws IllegalArgumentException if there is no such tensor; the message lists the names
     */
    public static <T> T find(Map<String, T> tensors, String name, String source) {
        T found = tensors.get(name);
        if (found == null) {
            throw new IllegalArgumentException(
                    source + ": no tensor " + quote(name) + ", found " + list(tensors.keySet()));
        }
        return found;
    }

    private static boolean isPrintable(int c) {
        return !Character.isISOControl(c)
                && Character.getType(c) != Character.SURROGATE
                && Character.getType(c) != Character.FORMAT;
    }
}
