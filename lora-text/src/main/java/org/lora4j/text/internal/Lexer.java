package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens. As Hugging Face sets Jinja: {@code trim_blocks}, the line feed after a block is dropped, and
 * {@code lstrip_blocks}, white space before a block on its line is dropped.
 */
final class Lexer {
    enum Kind {
        TEXT,
        OUTPUT,
        OUTPUT_END,
        BLOCK,
        BLOCK_END,
        NAME,
        STRING,
        NUMBER,
        OPERATOR,
        END
    }

    record Token(Kind kind, String text, int line) {
        boolean is(Kind other, String value) {
            return kind == other && text.equals(value);
        }
    }

    private static final List<String> OPERATORS = List.of(
            "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{",
            "}", ",", ".", ":", "|");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private boolean trimNext;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String unix = template.replace("\r\n", "\n");
        Lexer lexer = new Lexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (position < source.length()) {
            int tag = nextTag();
            text(tag);
            if (tag == source.length()) {
                break;
            }
            char kind = source.charAt(tag + 1);
            position = tag + 2;
            skipSign();
            if (kind == '#') {
                comment();
            } else {
                code(kind == '{');
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

    /** The text up to a tag, without the white space that the tags around it drop. */
    private void text(int tag) {
        int from = position;
        int to = tag;
        if (trimNext) {
            while (from < to && Character.isWhitespace(source.charAt(from))) {
                from++;
            }
        }
        if (tag < source.length()) {
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            if (sign == '-') {
                while (to > from && Character.isWhitespace(source.charAt(to - 1))) {
                    to--;
                }
            } else if (sign != '+' && source.charAt(tag + 1) != '{') {
                to = startOfBlanks(from, to);
            }
        }
        if (to > from) {
            tokens.add(new Token(Kind.TEXT, source.substring(from, to), line()));
        }
        trimNext = false;
    }

    private int startOfBlanks(int from, int to) {
        int start = to;
        while (start > from && (source.charAt(start - 1) == ' ' || source.charAt(start - 1) == '\t')) {
            start--;
        }
        boolean atLineStart = start == 0 || source.charAt(start - 1) == '\n';
        return atLineStart ? start : to;
    }

    private void skipSign() {
        if (position < source.length() && (source.charAt(position) == '-' || source.charAt(position) == '+')) {
            position++;
        }
    }

    private void comment() {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw new JinjaException(line(), "a comment must end with #}, found no end");
        }
        char sign = end > position ? source.charAt(end - 1) : ' ';
        position = end + 2;
        afterTag(sign, true);
    }

    private void afterTag(char sign, boolean isBlock) {
        if (sign == '-') {
            trimNext = true;
        } else if (isBlock && sign != '+' && position < source.length() && source.charAt(position) == '\n') {
            position++;
        }
    }

    private void code(boolean isOutput) {
        String end = isOutput ? "}}" : "%}";
        int braces = 0;
        add(isOutput ? Kind.OUTPUT : Kind.BLOCK, "");
        while (true) {
            while (position < source.length() && Character.isWhitespace(source.charAt(position))) {
                position++;
            }
            if (position >= source.length()) {
                throw new JinjaException(line(), "a tag must end with " + end + ", found no end");
            }
            char c = source.charAt(position);
            boolean signed = (c == '-' || c == '+') && source.startsWith(end, position + 1);
            if (braces == 0 && (signed || source.startsWith(end, position))) {
                add(isOutput ? Kind.OUTPUT_END : Kind.BLOCK_END, "");
                position += signed ? 3 : 2;
                afterTag(signed ? c : ' ', !isOutput);
                return;
            }
            braces += c == '{' ? 1 : c == '}' ? -1 : 0;
            token(c);
        }
    }

    private void token(char c) {
        int start = position;
        if (c == '\'' || c == '"') {
            string(c);
        } else if (Character.isLetter(c) || c == '_') {
            while (position < source.length() && isName(source.charAt(position))) {
                position++;
            }
            add(Kind.NAME, source.substring(start, position));
        } else if (c >= '0' && c <= '9') {
            while (position < source.length() && isNumber(position)) {
                position++;
            }
            add(Kind.NUMBER, source.substring(start, position));
        } else {
            String operator = OPERATORS.stream()
                    .filter(known -> source.startsWith(known, start))
                    .findFirst()
                    .orElseThrow(() ->
                            new JinjaException(line(), "found the character '" + c + "', which Jinja does not know"));
            position += operator.length();
            add(Kind.OPERATOR, operator);
        }
    }

    private static boolean isName(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }

    private boolean isNumber(int at) {
        char c = source.charAt(at);
        return (c >= '0' && c <= '9')
                || (c == '.' && at + 1 < source.length() && Character.isDigit(source.charAt(at + 1)));
    }

    private void string(char quote) {
        StringBuilder text = new StringBuilder();
        for (position++; position < source.length() && source.charAt(position) != quote; position++) {
            char c = source.charAt(position);
            if (c != '\\' || position + 1 == source.length()) {
                text.append(c);
                continue;
            }
            char escaped = source.charAt(++position);
            int known = "ntr\\'\"".indexOf(escaped);
            if (escaped == 'u' && position + 4 < source.length()) {
                text.append((char) Integer.parseInt(source.substring(position + 1, position + 5), 16));
                position += 4;
            } else if (known >= 0) {
                text.append("\n\t\r\\'\"".charAt(known));
            } else {
                text.append('\\').append(escaped);
            }
        }
        if (position >= source.length()) {
            throw new JinjaException(line(), "a text must end with " + quote + ", found no end");
        }
        position++;
        add(Kind.STRING, text.toString());
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, line()));
    }

    /** The line of the position, which only grows. */
    private int line() {
        for (; counted < position && counted < source.length(); counted++) {
            line += source.charAt(counted) == '\n' ? 1 : 0;
        }
        return line;
    }
}
