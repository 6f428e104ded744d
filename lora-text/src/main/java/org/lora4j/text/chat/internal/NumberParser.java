package org.lora4j.text.chat.internal;

import java.math.BigInteger;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.LetterCase;

/** Reads numbers from texts, as Python's {@code int} and {@code float} do. */
final class NumberParser {
    private static final int MOST_DIGITS = 4_300;

    private NumberParser() {}

    /** Returns a whole number, or null if the text has none. */
    static @Nullable Object whole(String text, int base) {
        String digits = PythonText.strip(text, null);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        int radix = base;
        String prefix = digits.length() > 1 ? digits.substring(0, 2).toLowerCase(Locale.ROOT) : "";
        int named = prefix.equals("0x") ? 16 : prefix.equals("0o") ? 8 : prefix.equals("0b") ? 2 : 0;
        if (named != 0 && (base == named || base == 0)) {
            digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
            radix = named;
        } else if (base == 0) {
            radix = 10;
            if (digits.matches("0[0_]*[1-9].*")) {
                return null;
            }
        }
        String plain = plain(digits, radix);
        if (plain == null || (plain.length() > MOST_DIGITS && Integer.bitCount(radix) != 1)) {
            return null;
        }
        if (plain.length() > MOST_DIGITS * 4) {
            throw new JinjaException("a whole number must have at most " + MOST_DIGITS + " digits, found more");
        }
        BigInteger number = new BigInteger(plain, radix);
        return Numbers.of(negative ? number.negate() : number);
    }

    /** The digits without the underscores between them; null if something else is there. */
    private static @Nullable String plain(String digits, int radix) {
        if (digits.isEmpty() || digits.startsWith("_") || digits.endsWith("_") || digits.contains("__")) {
            return null;
        }
        StringBuilder plain = new StringBuilder();
        for (int at = 0; at < digits.length(); at += Character.charCount(digits.codePointAt(at))) {
            int c = digits.codePointAt(at);
            int digit = c < 0x80 || Character.isDigit(c) ? Character.digit(c, radix) : -1;
            if (digit >= 0) {
                plain.append(Character.forDigit(digit, radix));
            } else if (c != '_') {
                return null;
            }
        }
        return plain.toString();
    }

    /** Returns a number, or null if the text has none. */
    static @Nullable Double real(String text) {
        String number = LetterCase.lower(PythonText.strip(text, null));
        switch (number.startsWith("-") || number.startsWith("+") ? number.substring(1) : number) {
            case "inf", "infinity" -> {
                return number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            }
            case "nan" -> {
                return Double.NaN;
            }
            default -> {}
        }
        StringBuilder ascii = new StringBuilder();
        int[] all = number.codePoints().toArray();
        for (int i = 0; i < all.length; i++) {
            int c = all[i];
            boolean between =
                    i > 0 && i + 1 < all.length && Character.isDigit(all[i - 1]) && Character.isDigit(all[i + 1]);
            if (Character.isDigit(c)) {
                ascii.append(Character.digit(c, 10));
            } else if ("+-.e".indexOf(c) >= 0) {
                ascii.append((char) c);
            } else if (c != '_' || !between) {
                return null;
            }
        }
        try {
            return Double.valueOf(ascii.toString());
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
