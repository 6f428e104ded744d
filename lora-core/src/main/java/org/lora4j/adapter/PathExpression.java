package org.lora4j.adapter;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression as it is written, before it is compiled. Scans it once: translates Python's spelling to RE2's,
 * measures how large it becomes when its repetitions are written out, and finds out whether it is only a choice of literal
 * paths. Expressions come from files of strangers, so length, nesting and size are bounded.
 */
final class PathExpression {
    /** The longest expression, unless it is a choice of literal paths. */
    static final int MAX_LENGTH = 4096;

    /** The longest choice of literal paths. */
    static final int MAX_LITERAL_LENGTH = 1 << 20;

    /** The largest size with all repetitions written out; matching a path takes time in proportion to it. */
    static final int MAX_SIZE = 2000;

    private static final int MAX_NESTING = 100;

    private final String text;
    private final StringBuilder translated = new StringBuilder();
    private final StringBuilder literal = new StringBuilder();
    private final Set<String> literals = new LinkedHashSet<>();
    private final Deque<Long> outer = new ArrayDeque<>();
    private boolean isLiteral = true;
    private boolean alternatives;
    private long size;
    private long last;
    private int position;

    /**
     * Scans an expression.
     *
     * @throws IllegalArgumentException if it is too long, too deeply nested or too large
     */
    PathExpression(String text) {
        this.text = text;
        require(
                text.length() <= MAX_LITERAL_LENGTH,
                "must have at most " + MAX_LITERAL_LENGTH + " characters",
                text.length());
        while (position < text.length()) {
            scan();
        }
        literals.add(literal.toString());
        if (!isLiteral) {
            require(text.length() <= MAX_LENGTH, "must have at most " + MAX_LENGTH + " characters", text.length());
            require(
                    size <= MAX_SIZE,
                    "must have at most " + MAX_SIZE + " parts when its repetitions are written out",
                    size);
        }
    }

    private static void require(boolean holds, String rule, Object found) {
        if (!holds) {
            throw new IllegalArgumentException(rule + ", found " + found);
        }
    }

    private void scan() {
        char c = text.charAt(position);
        switch (c) {
            case '\\' -> scanEscape();
            case '[' -> scanClass();
            case '(' -> {
                require(outer.size() < MAX_NESTING, "must have at most " + MAX_NESTING + " nested groups", "more");
                outer.push(size);
                size = 0;
                copy(1);
            }
            case ')' -> {
                long group = size + 1;
                size = outer.isEmpty() ? 0 : outer.pop();
                add(group);
                copy(1);
            }
            case '{' -> scanRepetition();
            case '|' -> {
                alternatives |= outer.isEmpty();
                if (isLiteral) {
                    literals.add(literal.toString());
                    literal.setLength(0);
                }
                translated.append(c);
                position++;
                size++;
            }
            case '*', '+', '?', '^', '$', '.' -> {
                add(1);
                copy(1);
            }
            default -> {
                add(1);
                literal.append(c);
                translated.append(c);
                position++;
            }
        }
    }

    /** Something that is more than literal characters. */
    private void copy(int length) {
        isLiteral = false;
        translated.append(text, position, position + length);
        position += length;
    }

    private void add(long atom) {
        last = atom;
        size = Math.min(size + atom, Integer.MAX_VALUE);
    }

    private void scanEscape() {
        require(position + 1 < text.length(), "must not end with a backslash", "one");
        char escaped = text.charAt(position + 1);
        add(1);
        if (!Character.isLetterOrDigit(escaped)) {
            literal.append(escaped);
            translated.append(text, position, position + 2);
            position += 2;
        } else if (escaped == 'Z') {
            // Python's end of the text.
            isLiteral = false;
            translated.append("\\z");
            position += 2;
        } else {
            require(escaped != 'Q' && escaped != 'E', "must use escapes that Python knows", "\\" + escaped);
            copy(2);
        }
    }

    /** A class of characters counts as one part; a bracket right after the opening one is a member. */
    private void scanClass() {
        int end = position + 1;
        if (end < text.length() && text.charAt(end) == '^') {
            end++;
        }
        if (end < text.length() && text.charAt(end) == ']') {
            end++;
        }
        while (end < text.length() && text.charAt(end) != ']') {
            end += text.charAt(end) == '\\' ? 2 : 1;
        }
        add(1);
        copy(Math.min(end + 1, text.length()) - position);
    }

    /** {@code {n}}, {@code {n,}}, {@code {n,m}} or Python's {@code {,m}}. Anything else is a literal brace. */
    private void scanRepetition() {
        int end = text.indexOf('}', position);
        int[] bounds = end < 0 ? null : bounds(text.substring(position + 1, end));
        if (bounds == null) {
            add(1);
            copy(1);
            return;
        }
        isLiteral = false;
        String body = text.substring(position + 1, end);
        translated
                .append('{')
                .append(body.startsWith(",") ? "0" : "")
                .append(body)
                .append('}');
        position = end + 1;
        long copies = Math.max(1, Math.max(bounds[0], bounds[1]));
        long repeated = Math.min(last * copies, Integer.MAX_VALUE);
        size = Math.min(size + repeated - last, Integer.MAX_VALUE);
        last = repeated;
    }

    private static int @Nullable [] bounds(String body) {
        if (!body.matches("\\d{1,4}(,(\\d{1,4})?)?|,\\d{1,4}")) {
            return null;
        }
        String[] parts = body.split(",", -1);
        int least = parts[0].isEmpty() ? 0 : Integer.parseInt(parts[0]);
        int most = parts.length == 1 || parts[1].isEmpty() ? least : Integer.parseInt(parts[1]);
        return new int[] {least, most};
    }

    /** The expression in the syntax of RE2. */
    String translated() {
        return translated.toString();
    }

    /** The size with all repetitions written out. */
    int size() {
        return (int) size;
    }

    /** Whether the expression is a choice that no brackets enclose. */
    boolean hasAlternatives() {
        return alternatives;
    }

    /** The paths of a choice of literal paths, or null if it is more than that. */
    @Nullable
    Set<String> literals() {
        return isLiteral ? literals : null;
    }
}
