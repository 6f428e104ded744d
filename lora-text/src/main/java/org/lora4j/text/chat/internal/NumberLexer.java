package org.lora4j.text.chat.internal;

import java.util.Objects;

/**
 * A number of a template, as Python writes numbers: {@code 1_000}, {@code 0x1f}, {@code 1.5e-3}.
 *
 * @param value the number
 * @param end the position after it
 */
record NumberLexer(Object value, int end) {
    static NumberLexer read(String source, int start, int line) {
        int end = digits(source, start, 10);
        if (start == 0 || source.charAt(start - 1) != '.') {
            int fraction = source.startsWith(".", end) ? digits(source, end + 1, 10) : -1;
            int mantissa = fraction > end + 1 ? fraction : end;
            int exponent = exponent(source, mantissa);
            if (mantissa > end || exponent > mantissa) {
                String text = source.substring(start, Math.max(mantissa, exponent));
                return new NumberLexer(Objects.requireNonNull(NumberParser.real(text)), Math.max(mantissa, exponent));
            }
        }
        return whole(source, start, line);
    }

    private static int exponent(String source, int at) {
        if (!source.regionMatches(true, at, "e", 0, 1)) {
            return at;
        }
        int sign = source.startsWith("+", at + 1) || source.startsWith("-", at + 1) ? 2 : 1;
        int end = digits(source, at + sign, 10);
        return end > at + sign ? end : at;
    }

    private static NumberLexer whole(String source, int start, int line) {
        int radix = 10;
        int end;
        if (source.charAt(start) == '0') {
            char kind = start + 1 < source.length() ? Character.toLowerCase(source.charAt(start + 1)) : ' ';
            radix = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
            int first = start + 2 + (source.startsWith("_", start + 2) ? 1 : 0);
            end = radix == 10 ? -1 : digits(source, first, radix);
            if (radix == 10 || end == first) {
                radix = 10;
                end = start + 1;
                while (source.startsWith("0", end) || source.startsWith("_0", end)) {
                    end += source.charAt(end) == '_' ? 2 : 1;
                }
            }
        } else {
            end = digits(source, start, 10);
        }
        Object value = NumberParser.whole(source.substring(start, end), 0);
        if (value == null) {
            throw new JinjaException(
                    line,
                    "must be a number with at most 4300 digits, found "
                            + source.substring(start, Math.min(end, start + 20)));
        }
        return new NumberLexer(value, end);
    }

    /** The position after digits, between which an underscore can stand. */
    private static int digits(String source, int start, int radix) {
        int at = start;
        while (at < source.length() && isDigit(source, at, radix)) {
            at++;
            if (source.startsWith("_", at) && isDigit(source, at + 1, radix)) {
                at++;
            }
        }
        return at;
    }

    private static boolean isDigit(String source, int at, int radix) {
        return at < source.length() && source.charAt(at) < 0x80 && Character.digit(source.charAt(at), radix) >= 0;
    }
}
