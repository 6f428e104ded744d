package org.lora4j.console.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Numbers and lists as text, the same in every locale. */
public final class ReportText {
    private ReportText() {}

    /** Returns {@code 2,807,010}. */
    public static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /**
     * Returns {@code 1 text} or {@code 2,807 texts}.
     *
     * @param noun the thing that is counted, in the singular
     */
    public static String count(long count, String noun) {
        return count(count) + " " + (count == 1 ? noun : plural(noun));
    }

    /**
     * Returns {@code texts} for {@code text}.
     *
     * @param noun the thing, in the singular
     */
    public static String plural(String noun) {
        if (noun.endsWith("s")) {
            return noun + "es";
        }
        return noun.endsWith("ry") ? noun.substring(0, noun.length() - 1) + "ies" : noun + "s";
    }

    /** Returns {@code 95.30 %} for 0.953. */
    public static String percent(double share) {
        return fixed(100 * share, 2) + " %";
    }

    /** Returns a number with a fixed count of decimal places. */
    public static String fixed(double number, int places) {
        return String.format(Locale.ROOT, "%." + places + "f", number);
    }

    /** Returns a difference with its sign, such as {@code −6.60} or {@code +1,234}. */
    public static String signed(double difference, int places) {
        String sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
        return sign + String.format(Locale.ROOT, "%,." + places + "f", Math.abs(difference));
    }

    /**
     * Returns four significant digits, such as {@code 0.01230}.
     *
     * @param loss the loss; null if it is not finite
     */
    public static String loss(@Nullable Double loss) {
        return loss == null ? "not finite" : String.format(Locale.ROOT, "%.4g", loss);
    }

    /** Returns {@code 12.3 s}, or {@code 1 min 23 s} from a minute on. */
    public static String duration(double seconds) {
        long whole = Math.round(seconds);
        return seconds < 59.95 ? fixed(seconds, 1) + " s" : whole / 60 + " min " + whole % 60 + " s";
    }

    /** Returns {@code a}, {@code a and b} or {@code a, b and c}. */
    public static String list(List<String> items) {
        int last = items.size() - 1;
        return last < 1
                ? String.join("", items)
                : items.stream().limit(last).collect(Collectors.joining(", ")) + " and " + items.get(last);
    }

    /**
     * Returns a setting as text.
     *
     * @param value a number, a text or a list
     */
    public static String text(Object value) {
        return String.valueOf(value);
    }
}
