package org.lora4j.adapter;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * A regular expression over whole module paths, compiled once. It matches in linear time whatever the expression, because
 * expressions come from files of strangers.
 *
 * <p>The syntax is that of Python's {@code re} as far as linear time allows: lookaheads are supported at the start of the
 * expression, as in {@code ^(?!.*visual).*proj}; backreferences and other lookarounds are refused.
 */
final class PathPattern {
    /** Longer paths than any model has, which a file could hold all the same. */
    private static final int MAX_PATH = 4096;

    /** RE2's descriptions of lookarounds and backreferences. */
    private static final Set<String> UNSUPPORTED =
            Set.of("invalid or unsupported Perl syntax", "invalid escape sequence", "invalid named capture");

    private final @Nullable Set<String> literals;
    private final @Nullable Pattern pattern;
    private final List<Lookahead> lookaheads;
    private final int size;

    private record Lookahead(boolean positive, Pattern pattern) {}

    private PathPattern(
            @Nullable Set<String> literals, @Nullable Pattern pattern, List<Lookahead> lookaheads, int size) {
        this.literals = literals;
        this.pattern = pattern;
        this.lookaheads = lookaheads;
        this.size = size;
    }

    /**
     * Compiles an expression that matches whole paths.
     *
     * @throws IllegalArgumentException if it is no expression, too large, or not supported
     */
    static PathPattern of(String expression) {
        try {
            return compile(expression, "");
        } catch (IllegalArgumentException | PatternSyntaxException | StackOverflowError e) {
            throw refused(expression, e);
        }
    }

    /**
     * Compiles a key of a rank pattern or an alpha pattern, which matches a path or its end: {@code (.*\.)?(key)}.
     *
     * @throws IllegalArgumentException if it is no expression, too large, or not supported
     */
    static PathPattern ofKey(String key) {
        try {
            return compile(key, "(.*\\.)?");
        } catch (IllegalArgumentException | PatternSyntaxException | StackOverflowError e) {
            throw refused(key, e);
        }
    }

    private static PathPattern compile(String expression, String before) {
        List<Lookahead> lookaheads = new ArrayList<>();
        String rest = before.isEmpty() ? withoutLookaheads(expression, lookaheads) : expression;
        PathExpression scanned = new PathExpression(rest);
        if (!lookaheads.isEmpty() && scanned.hasAlternatives()) {
            throw new UnsupportedExpression(
                    "must put alternatives that follow a lookahead into brackets, because the lookahead belongs to the first alone",
                    null);
        }
        if (before.isEmpty() && lookaheads.isEmpty() && scanned.literals() != null) {
            return new PathPattern(scanned.literals(), null, lookaheads, 1);
        }
        if (rest.length() > PathExpression.MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "must have at most " + PathExpression.MAX_LENGTH + " characters, found " + rest.length());
        }
        Pattern compiled = Pattern.compile(before + "(?:" + scanned.translated() + ")");
        return new PathPattern(null, compiled, lookaheads, scanned.size());
    }

    /** Takes {@code (?=…)} and {@code (?!…)} off the start of an expression. */
    private static String withoutLookaheads(String expression, List<Lookahead> lookaheads) {
        String rest = expression.startsWith("^(?") ? expression.substring(1) : expression;
        String found = rest;
        while (found.startsWith("(?=") || found.startsWith("(?!")) {
            int end = endOfGroup(found);
            PathExpression condition = new PathExpression(found.substring(3, end));
            lookaheads.add(
                    new Lookahead(found.startsWith("(?="), Pattern.compile("(?:" + condition.translated() + ")")));
            found = found.substring(end + 1);
        }
        return lookaheads.isEmpty() ? expression : found;
    }

    /** The position of the bracket that closes the group at the start. */
    private static int endOfGroup(String text) {
        int depth = 0;
        boolean inClass = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (inClass) {
                inClass = c != ']';
            } else if (c == '[') {
                inClass = true;
            } else if (c == '(') {
                depth++;
            } else if (c == ')' && --depth == 0) {
                return i;
            }
        }
        throw new IllegalArgumentException("must close each bracket, found one that is open");
    }

    private static IllegalArgumentException refused(String expression, Throwable cause) {
        String why = cause instanceof PatternSyntaxException syntax
                ? syntax.getDescription() + " at " + MessageText.describe(syntax.getPattern())
                        + " (backreferences, and lookarounds that are not at the start, are not supported)"
                : cause instanceof StackOverflowError ? "it is nested too deeply" : String.valueOf(cause.getMessage());
        String message =
                "target modules must be a regular expression, found " + MessageText.quote(expression) + ": " + why;
        return isUnsupported(cause)
                ? new UnsupportedExpression(message, cause)
                : new IllegalArgumentException(message, cause);
    }

    private static boolean isUnsupported(Throwable cause) {
        return cause instanceof UnsupportedExpression
                || (cause instanceof PatternSyntaxException syntax && UNSUPPORTED.contains(syntax.getDescription()));
    }

    /** Returns whether the expression matches a whole path. */
    boolean matches(String path) {
        if (literals != null) {
            return literals.contains(path);
        }
        return pattern != null
                && path.length() <= MAX_PATH
                && lookaheads.stream()
                        .allMatch(ahead -> ahead.pattern.matcher(path).lookingAt() == ahead.positive)
                && pattern.matches(path);
    }

    /** The size of the compiled expression; matching takes time in proportion to it. */
    int size() {
        return size;
    }
}
