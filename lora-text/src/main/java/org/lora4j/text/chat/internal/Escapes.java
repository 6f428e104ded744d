package org.lora4j.text.chat.internal;

import org.jspecify.annotations.Nullable;

/** The escapes of Python's texts, such as {@code \n}, {@code \x41} and {@code \u00e4}. */
final class Escapes {
    private final String text;
    private final int line;
    private final StringBuilder out = new StringBuilder();
    private int at;

    private Escapes(String text, int line) {
        this.text = text;
        this.line = line;
    }

    /** Returns what a text between quotes stands for. */
    static String decode(String text, int line) {
        Escapes escapes = new Escapes(text, line);
        while (escapes.at < text.length()) {
            char c = text.charAt(escapes.at++);
            if (c == '\\' && escapes.at < text.length()) {
                escapes.escape(text.charAt(escapes.at++));
            } else {
                escapes.out.append(c);
            }
        }
        return escapes.out.toString();
    }

    private void escape(char c) {
        int known = "\\'\"abfnrtv".indexOf(c);
        if (known >= 0) {
            out.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(known));
        } else if (c >= '0' && c <= '7') {
            int end = at;
            while (end < text.length() && end < at + 2 && Character.digit(text.charAt(end), 8) >= 0) {
                end++;
            }
            out.appendCodePoint(Integer.parseInt(text.substring(at - 1, end), 8));
            at = end;
        } else if (c == 'x' || c == 'u' || c == 'U') {
            out.appendCodePoint(hexadecimal(c == 'x' ? 2 : c == 'u' ? 4 : 8));
        } else if (c == 'N') {
            out.appendCodePoint(named());
        } else if (c != '\n') {
            out.append('\\').append(c);
        }
    }

    private int hexadecimal(int digits) {
        int end = at + digits;
        String number = end <= text.length() ? text.substring(at, end) : "";
        if (number.isEmpty() || !number.chars().allMatch(c -> c < 0x80 && Character.digit(c, 16) >= 0)) {
            throw wrong("the escape must have " + digits + " hexadecimal digits", null);
        }
        long code = Long.parseLong(number, 16);
        if (code > Character.MAX_CODE_POINT) {
            throw wrong("the escape must be a character", number);
        }
        at = end;
        return (int) code;
    }

    private int named() {
        int end = text.indexOf('}', at);
        if (!text.startsWith("{", at) || end < 0) {
            throw wrong("\\N must have the name of a character in braces", null);
        }
        String name = text.substring(at + 1, end);
        at = end + 1;
        try {
            return Character.codePointOf(name);
        } catch (IllegalArgumentException e) {
            throw wrong("\\N must have the name of a character", name);
        }
    }

    private JinjaException wrong(String rule, @Nullable String found) {
        return new JinjaException(line, rule + (found == null ? "" : ", found " + found));
    }
}
