package org.lora4j.internal;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Names and texts from files, which may hold anything, made fit for messages; and the check of what a file can hold. */
public final class Names {
    private static final int LONGEST = 80;
    private static final int MOST = 20;

    private Names() {}

    /** The text in quotes, shortened, control characters replaced. */
    public static String quote(String text) {
        String cut = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        StringBuilder quoted = new StringBuilder("'");
        cut.codePoints().forEach(c -> quoted.appendCodePoint(isPrintable(c) ? c : '\uFFFD'));
        return quoted.append('\'').toString();
    }

    /** A message of another library, on one line and of bounded length. */
    public static String describe(@Nullable String message) {
        return message == null ? "no details" : quote(message);
    }

    /** The names in quotes; of many, only the first and how many more there are. */
    public static String list(Collection<String> names) {
        if (names.isEmpty()) {
            return "none";
        }
        String first = names.stream().limit(MOST).map(Names::quote).collect(Collectors.joining(", "));
        return names.size() <= MOST ? first : first + " and " + (names.size() - MOST) + " more";
    }

    /** Whether the text is valid Unicode, that is without lone surrogates, so that UTF-8 can hold it. */
    public static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static boolean isPrintable(int c) {
        return !Character.isISOControl(c)
                && Character.getType(c) != Character.SURROGATE
                && Character.getType(c) != Character.FORMAT;
    }
}
