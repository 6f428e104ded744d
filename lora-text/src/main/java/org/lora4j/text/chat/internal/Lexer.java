package org.lora4j.text.chat.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.internal.Token.Kind;

/**
 * Cuts a template into tokens. As Hugging Face sets Jinja: {@code trim_blocks}, the line feed after a block is dropped, and
 * {@code lstrip_blocks}, white space before a block on its line is dropped.
 */
final class Lexer {
    private static final Pattern RAW = Pattern.compile("\\{%([-+]?)\\s*+raw\\s*+(-?)%\\}");
    private static final Pattern END_OF_RAW = Pattern.compile("\\{%([-+]?)\\s*+endraw\\s*+([-+]?)%\\}");
    private static final Set<String> LONG_OPERATORS = Set.of("==", "!=", "<=", ">=", "//", "**");
    private static final String OPERATORS = "+-*/%~<>=()[]{},.:|;";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Character> open = new ArrayDeque<>();
    private int position;
    private boolean lineStarts = true;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String unix = template.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (position < source.length()) {
            int tag = nextTag();
            if (tag == source.length()) {
                add(Kind.TEXT, source.substring(position));
                position = tag;
                break;
            }
            char kind = source.charAt(tag + 1);
            String sign = tag + 2 < source.length() ? source.substring(tag + 2, tag + 3) : "";
            text(tag, sign, kind != '{');
            Matcher raw = RAW.matcher(source).region(tag, source.length());
            if (raw.lookingAt()) {
                raw(raw);
            } else {
                position = tag + (sign.equals("-") || sign.equals("+") ? 3 : 2);
                if (kind == '#') {
                    comment();
                } else {
                    code(kind == '{');
                }
            }
        }
        add(Kind.END, "");
    }

    private int nextTag() {
        for (int i = source.indexOf('{', position); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    /** The text up to a tag, without the white space that the tag drops. */
    private void text(int tag, String sign, boolean isBlock) {
        String text = source.substring(position, tag);
        if (sign.equals("-")) {
            text = PythonText.rstrip(text, null);
        } else if (!sign.equals("+") && isBlock) {
            int start = text.lastIndexOf('\n') + 1;
            if ((start > 0 || lineStarts) && PythonText.all(text.substring(start), PythonText::isSpace)) {
                text = text.substring(0, start);
            }
        }
        if (!text.isEmpty()) {
            add(Kind.TEXT, text);
        }
        lineStarts = false;
    }

    private void raw(Matcher begin) {
        position = begin.end();
        endTag(begin.group(2), false);
        Matcher end = END_OF_RAW.matcher(source);
        if (!end.find(position)) {
            throw new JinjaException(line(), "raw must end with {% endraw %}, found no end");
        }
        text(end.start(), end.group(1), true);
        position = end.end();
        endTag(end.group(2), true);
    }

    private void comment() {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw new JinjaException(line(), "a comment must end with #}, found no end");
        }
        String sign = end > position ? source.substring(end - 1, end) : "";
        position = end + 2;
        endTag(sign, true);
    }

    /** Drops the white space that the end of a tag drops. */
    private void endTag(String sign, boolean isBlock) {
        int end = position;
        if (sign.equals("-")) {
            while (position < source.length() && PythonText.isSpace(source.charAt(position))) {
                position++;
            }
        } else if (isBlock && !sign.equals("+") && source.startsWith("\n", position)) {
            position++;
        }
        lineStarts = position > end && source.charAt(position - 1) == '\n';
    }

    private void code(boolean isOutput) {
        String end = isOutput ? "}}" : "%}";
        open.clear();
        add(isOutput ? Kind.OUTPUT : Kind.BLOCK, "");
        while (true) {
            while (position < source.length() && PythonText.isSpace(source.charAt(position))) {
                position++;
            }
            if (position >= source.length()) {
                throw new JinjaException(line(), "a tag must end with " + end + ", found no end");
            }
            String sign = source.substring(position, position + 1);
            boolean signed =
                    (sign.equals("-") || (sign.equals("+") && !isOutput)) && source.startsWith(end, position + 1);
            if (open.isEmpty() && (signed || source.startsWith(end, position))) {
                add(isOutput ? Kind.OUTPUT_END : Kind.BLOCK_END, "");
                position += signed ? 3 : 2;
                endTag(signed ? sign : "", !isOutput);
                return;
            }
            token(source.charAt(position));
        }
    }

    private void token(char c) {
        int start = position;
        if (c == '\'' || c == '"') {
            string(c);
        } else if (Character.isUnicodeIdentifierStart(c) || c == '_') {
            while (position < source.length() && isName(source.charAt(position))) {
                position++;
            }
            add(Kind.NAME, source.substring(start, position));
        } else if (c >= '0' && c <= '9') {
            NumberLexer number = NumberLexer.read(source, position, line());
            position = number.end();
            tokens.add(new Token(Kind.NUMBER, source.substring(start, position), number.value(), line()));
        } else {
            operator(c);
        }
    }

    private static boolean isName(char c) {
        return (Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c)) || c == '_';
    }

    private void operator(char c) {
        String two = position + 2 <= source.length() ? source.substring(position, position + 2) : "";
        if (!LONG_OPERATORS.contains(two) && OPERATORS.indexOf(c) < 0) {
            throw new JinjaException(line(), "found the character '" + c + "', which Jinja does not know");
        }
        int opening = "([{".indexOf(c);
        if (opening >= 0) {
            open.push(")]}".charAt(opening));
        } else if (")]}".indexOf(c) >= 0) {
            requireOpen(open.poll(), c);
        }
        String operator = LONG_OPERATORS.contains(two) ? two : String.valueOf(c);
        add(Kind.OPERATOR, operator);
        position += operator.length();
    }

    private void requireOpen(@Nullable Character expected, char found) {
        if (expected == null || expected != found) {
            throw new JinjaException(
                    line(),
                    expected == null
                            ? "must have an opening bracket before '" + found + "', found none"
                            : "must have '" + expected + "', found '" + found + "'");
        }
    }

    private void string(char quote) {
        int start = position + 1;
        int end = start;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new JinjaException(line(), "a text must end with " + quote + ", found no end");
        }
        add(Kind.STRING, Escapes.decode(source.substring(start, end), line()));
        position = end + 1;
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, null, line()));
    }

    /** The line of the position, which only grows. */
    private int line() {
        for (; counted < position && counted < source.length(); counted++) {
            line += source.charAt(counted) == '\n' ? 1 : 0;
        }
        return line;
    }
}
