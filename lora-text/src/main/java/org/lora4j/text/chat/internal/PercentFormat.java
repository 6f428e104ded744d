package org.lora4j.text.chat.internal;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Python's {@code %} of a text: puts values in the place of fields such as {@code %s} and {@code %(name)5.2f}. A width and a precision
 * must be numbers, not {@code *}.
 */
final class PercentFormat {
    private static final Pattern FIELD = Pattern.compile(
            "%(?:\\((?<key>[^()]*+)\\))?(?<flags>[-+ #0]*)(?<width>[0-9]{0,9})(?:\\.(?<precision>[0-9]{0,9}))?"
                    + "[hlL]?(?<type>[a-zA-Z%])");

    private static final int DEFAULT_PRECISION = 6;

    /** A number that is not whole has at most so many digits after the point that are not 0. */
    private static final int MOST_PRECISION = 1074;

    /** What rounding such a number costs. */
    private static final int REAL = 20_000;

    private final String format;
    private final List<@Nullable Object> values;
    private final @Nullable Object map;
    private final Budget budget;
    private int used;

    private PercentFormat(String format, List<@Nullable Object> values, @Nullable Object map, Budget budget) {
        this.format = format;
        this.values = values;
        this.map = map;
        this.budget = budget;
    }

    /** The filter: takes arguments with names, or else those without. */
    static String filter(String format, Passed passed, Budget budget) {
        if (passed.named().isEmpty()) {
            return new PercentFormat(format, passed.values(), null, budget).write();
        }
        if (!passed.values().isEmpty()) {
            throw new JinjaException("format: must have arguments with names, or without, found both");
        }
        Dict named = new Dict();
        passed.named().forEach((name, value) -> named.put(name, value, budget));
        return new PercentFormat(format, List.of(named), named, budget).write();
    }

    /** The operator: takes a tuple of values, a map, or one value. */
    static String operator(String format, @Nullable Object value, Budget budget) {
        if (value instanceof Sequence sequence && sequence.kind() == Sequence.Kind.TUPLE) {
            return new PercentFormat(format, sequence.elements(), null, budget).write();
        }
        boolean isMap =
                value instanceof Dict || (value instanceof Sequence sequence && sequence.kind() == Sequence.Kind.LIST);
        return new PercentFormat(format, Collections.singletonList(value), isMap ? value : null, budget).write();
    }

    private String write() {
        StringBuilder out = new StringBuilder(format.length());
        Matcher field = FIELD.matcher(format);
        int from = 0;
        for (int at = format.indexOf('%'); at >= 0; at = format.indexOf('%', from)) {
            if (!field.region(at, format.length()).lookingAt()) {
                throw new JinjaException(
                        "a field of a format must be %, perhaps (name), flags, a width and a precision, and a"
                                + " letter, found another one at " + at);
            }
            add(out, format.substring(from, at));
            boolean isMark = field.group("type").equals("%");
            add(out, isMark ? "%" : padded(field));
            from = field.end();
        }
        add(out, format.substring(from));
        if (used < values.size() && map == null) {
            throw new JinjaException(
                    "a format must have a field for each value, found " + used + " for " + values.size());
        }
        return out.toString();
    }

    private void add(StringBuilder out, String text) {
        budget.grow(out.length(), text.length());
        out.append(text);
    }

    private @Nullable Object value(@Nullable String key) {
        if (key != null) {
            Dict.Entry entry = map instanceof Dict dict ? dict.find(key, budget) : null;
            if (entry == null) {
                throw new JinjaException("a format must have a value for %(" + key + "), found none");
            }
            return entry.value();
        }
        if (used == values.size()) {
            throw new JinjaException("a format must have a value for each field, found " + values.size());
        }
        return values.get(used++);
    }

    private String padded(Matcher field) {
        String flags = field.group("flags");
        int precision = field.group("precision") == null ? -1 : number(field.group("precision"));
        int width = number(field.group("width"));
        budget.text((long) width + Math.max(0, precision));
        char type = field.group("type").charAt(0);
        Object value = value(field.group("key"));
        boolean isNumber = "diuxXofFeEgG".indexOf(type) >= 0;
        String text = isNumber ? number(type, value, precision, flags) : text(type, value, precision);
        int missing = width - text.codePointCount(0, text.length());
        if (missing <= 0) {
            return text;
        }
        if (flags.indexOf('-') >= 0) {
            return text + " ".repeat(missing);
        }
        if (isNumber && flags.indexOf('0') >= 0) {
            int sign = text.startsWith("-") || text.startsWith("+") || text.startsWith(" ") ? 1 : 0;
            int base = flags.indexOf('#') >= 0 && "xXo".indexOf(type) >= 0 ? 2 : 0;
            return text.substring(0, sign + base) + "0".repeat(missing) + text.substring(sign + base);
        }
        return " ".repeat(missing) + text;
    }

    private static int number(String digits) {
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }

    private String text(char type, @Nullable Object value, int precision) {
        if (type == 'c') {
            return letter(value);
        }
        String text = switch (type) {
            case 's' -> Printer.text(value, budget);
            case 'r' -> Printer.representation(value, budget);
            case 'a' -> ascii(Printer.representation(value, budget));
            default ->
                throw new JinjaException(
                        "a field of a format must be one of s r a c d i u x X o f F e E g G" + " %, found " + type);
        };
        return precision < 0 ? text : text.substring(0, PythonText.offset(text, 0, precision));
    }

    private static String letter(@Nullable Object value) {
        if (value instanceof String text && text.codePointCount(0, text.length()) == 1) {
            return text;
        }
        int code = Numbers.isWhole(value) ? Numbers.index(value) : -1;
        if (!Character.isValidCodePoint(code)) {
            throw Values.wrong("a letter, or the number of one", value);
        }
        return Character.toString(code);
    }

    private String ascii(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints()
                .forEach(c -> add(
                        out,
                        c < 0x80
                                ? Character.toString(c)
                                : String.format(
                                        Locale.ROOT, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c)));
        return out.toString();
    }

    private String number(char type, @Nullable Object value, int precision, String flags) {
        if (!Numbers.isNumber(value)) {
            throw Values.wrong("a number for %" + type, value);
        }
        boolean isReal = "fFeEgG".indexOf(type) >= 0;
        boolean isNegative;
        String text;
        if (isReal) {
            double real = Numbers.real(value);
            isNegative = real < 0 || (real == 0 && 1 / real < 0);
            text = real(type, Math.abs(real), precision < 0 ? DEFAULT_PRECISION : precision, flags.indexOf('#') >= 0);
        } else {
            BigInteger whole = whole(type, value);
            isNegative = whole.signum() < 0;
            text = whole(type, whole.abs(), precision, flags.indexOf('#') >= 0);
        }
        return (isNegative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "") + text;
    }

    private static BigInteger whole(char type, @Nullable Object value) {
        if (!(value instanceof Double number)) {
            return Numbers.whole(value);
        }
        if ("xXo".indexOf(type) >= 0 || Double.isNaN(number) || Double.isInfinite(number)) {
            throw Values.wrong("a whole number for %" + type, value);
        }
        return Numbers.whole(Numbers.truncated(number));
    }

    private String whole(char type, BigInteger number, int precision, boolean alternate) {
        int base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : 10;
        // As slow as writing it in another way.
        budget.steps(number.bitLength() + (long) number.bitLength() * number.bitLength() / 1024);
        String digits = number.toString(base);
        String text = "0".repeat(Math.max(0, precision - digits.length())) + digits;
        String prefix = !alternate || base == 10 ? "" : base == 16 ? "0x" : "0o";
        return type == 'X' ? (prefix + text).toUpperCase(Locale.ROOT) : prefix + text;
    }

    private String real(char type, double number, int precision, boolean alternate) {
        String text;
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            text = Numbers.text(number);
        } else {
            if (precision > MOST_PRECISION) {
                throw new JinjaException("the precision of a number in a format must be at most " + MOST_PRECISION
                        + ", found " + precision);
            }
            budget.steps(REAL);
            BigDecimal exact = new BigDecimal(number);
            text = switch (Character.toLowerCase(type)) {
                case 'f' -> fixed(exact, precision, alternate);
                case 'e' -> scientific(exact, precision, alternate);
                default -> general(exact, Math.max(1, precision), alternate);
            };
        }
        return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String fixed(BigDecimal number, int precision, boolean alternate) {
        String text = number.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
        return alternate && precision == 0 ? text + "." : text;
    }

    private static String scientific(BigDecimal number, int precision, boolean alternate) {
        BigDecimal rounded = number.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = number.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        String mantissa = fixed(rounded.movePointLeft(exponent), precision, alternate);
        return mantissa + (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    /** Fixed for numbers that are neither large nor small, without zeros at the end. */
    private static String general(BigDecimal number, int precision, boolean alternate) {
        BigDecimal rounded = number.round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = number.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        boolean isFixed = exponent >= -4 && exponent < precision;
        String text = isFixed
                ? fixed(rounded, precision - 1 - exponent, alternate)
                : scientific(rounded, precision - 1, alternate);
        if (alternate) {
            return text;
        }
        int end = text.indexOf('e') < 0 ? text.length() : text.indexOf('e');
        String digits = text.substring(0, end);
        return (digits.contains(".") ? digits.replaceFirst("\\.?0+$", "") : digits) + text.substring(end);
    }
}
