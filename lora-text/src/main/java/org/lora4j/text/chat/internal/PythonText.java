package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.LetterCase;

/** Python's texts: they count code points, where Java counts halves of pairs. */
final class PythonText {
    private PythonText() {}

    static int length(String text, Budget budget) {
        budget.read(text.length());
        return text.codePointCount(0, text.length());
    }

    /** Returns the position in Java's text of a code point; the end if there are fewer. */
    static int offset(String text, int from, int codePoints) {
        int at = from;
        for (int i = 0; i < codePoints && at < text.length(); i++) {
            at += Character.charCount(text.codePointAt(at));
        }
        return at;
    }

    /** As Python's {@code isspace}. */
    static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    /** Drops white space, or the characters that are given, at both ends. */
    static String strip(String text, @Nullable String characters) {
        return lstrip(rstrip(text, characters), characters);
    }

    /** Drops the same at the beginning. */
    static String lstrip(String text, @Nullable String characters) {
        IntPredicate dropped = dropped(characters);
        int from = 0;
        while (from < text.length() && dropped.test(text.codePointAt(from))) {
            from += Character.charCount(text.codePointAt(from));
        }
        return text.substring(from);
    }

    /** Drops the same at the end. */
    static String rstrip(String text, @Nullable String characters) {
        IntPredicate dropped = dropped(characters);
        int to = text.length();
        while (to > 0 && dropped.test(text.codePointBefore(to))) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(0, to);
    }

    private static IntPredicate dropped(@Nullable String characters) {
        return characters == null
                ? PythonText::isSpace
                : characters.codePoints().boxed().collect(Collectors.toSet())::contains;
    }

    static String capitalize(String text, Budget budget) {
        if (text.isEmpty()) {
            return text;
        }
        String first = Character.toString(text.codePointAt(0));
        // The last sigma of a word depends on what stands before it, so the whole text is put into lower case.
        return titleCase(first)
                + CountedCase.lower(text, budget)
                        .substring(LetterCase.lower(first).length());
    }

    private static String titleCase(String letter) {
        int one = letter.codePointAt(0);
        String upper = letter.toUpperCase(Locale.ROOT);
        int first = Character.charCount(upper.codePointAt(0));
        if (Character.isTitleCase(one) || Character.toTitleCase(one) != one || upper.length() == first) {
            return Character.toString(Character.toTitleCase(one));
        }
        return LetterCase.isCased(upper.codePointAt(0))
                ? upper.substring(0, first) + upper.substring(first).toLowerCase(Locale.ROOT)
                : upper;
    }

    /** Python's {@code title}: a word is a run of letters that have a case. */
    static String title(String text, Budget budget) {
        StringBuilder result = new StringBuilder(text.length());
        int from = 0;
        while (from < text.length()) {
            int to = from;
            while (to < text.length() && LetterCase.isCased(text.codePointAt(to))) {
                to += Character.charCount(text.codePointAt(to));
            }
            String word = capitalize(text.substring(from, to), budget);
            budget.grow(result.length(), word.length());
            result.append(word);
            if (to < text.length()) {
                String other = Character.toString(text.codePointAt(to));
                String title = titleCase(other);
                budget.grow(result.length(), title.length());
                result.append(title);
                to += other.length();
            }
            from = to;
        }
        return result.toString();
    }

    static String swapCase(String text, Budget budget) {
        StringBuilder result = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            String letter = Character.toString(c);
            String swapped = Character.isUpperCase(c)
                    ? letter.toLowerCase(Locale.ROOT)
                    : Character.isLowerCase(c) ? letter.toUpperCase(Locale.ROOT) : letter;
            budget.grow(result.length(), swapped.length());
            result.append(swapped);
        });
        return result.toString();
    }

    static String replace(String text, String from, String to, int most, Budget budget) {
        int limit = most < 0 ? Integer.MAX_VALUE : most;
        budget.read(text.length());
        StringBuilder out = new StringBuilder();
        Needle needle = new Needle(from, budget);
        int done = 0;
        int at = limit == 0 ? -1 : needle.find(text, 0);
        for (int count = 1; at >= 0; count++) {
            budget.grow(out.length(), (long) (at - done) + to.length());
            out.append(text, done, at).append(to);
            done = at + from.length();
            int next = from.isEmpty() ? offset(text, at, 1) : done;
            at = count == limit || (from.isEmpty() && next == at) ? -1 : needle.find(text, next);
        }
        budget.grow(out.length(), text.length() - done);
        return out.append(text, done, text.length()).toString();
    }

    /** The words between white space, at most so many cuts; Python's {@code split} without a separator. */
    static List<@Nullable Object> words(String text, int most, Budget budget) {
        List<@Nullable Object> words = new ArrayList<>();
        int at = skip(text, 0, true);
        while (at < text.length()) {
            budget.elements(1);
            if (words.size() == most) {
                words.add(text.substring(at));
                return words;
            }
            int end = skip(text, at, false);
            words.add(text.substring(at, end));
            at = skip(text, end, true);
        }
        return words;
    }

    private static int skip(String text, int from, boolean space) {
        int at = from;
        while (at < text.length() && isSpace(text.charAt(at)) == space) {
            at++;
        }
        return at;
    }

    static List<@Nullable Object> split(String text, String separator, int most, Budget budget) {
        requireSeparator(separator);
        Needle needle = new Needle(separator, budget);
        List<@Nullable Object> parts = new ArrayList<>();
        int from = 0;
        for (int at = needle.find(text, 0); at >= 0 && parts.size() != most; at = needle.find(text, from)) {
            budget.elements(1);
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    static void requireSeparator(String separator) {
        if (separator.isEmpty()) {
            throw new JinjaException("a separator must not be empty");
        }
    }

    /** A text from its end; pairs stay pairs. */
    static String reversed(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    /** Python's {@code splitlines}. */
    static List<@Nullable Object> lines(String text, boolean keepEnds, Budget budget) {
        List<@Nullable Object> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            if (isLineEnd(text.charAt(i))) {
                int next = text.startsWith("\r\n", i) ? i + 2 : i + 1;
                budget.elements(1);
                lines.add(text.substring(from, keepEnds ? next : i));
                from = next;
                i = next - 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /** Whether all characters, and at least one, are so. */
    static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    static String repeat(String text, long times, Budget budget) {
        long count = Math.max(0, times);
        budget.text(text.isEmpty() ? 0 : Math.min(count, Integer.MAX_VALUE) * text.length());
        return text.isEmpty() ? "" : text.repeat((int) count);
    }

    static String concatenate(String a, String b, Budget budget) {
        budget.text((long) a.length() + b.length());
        return a + b;
    }
}
