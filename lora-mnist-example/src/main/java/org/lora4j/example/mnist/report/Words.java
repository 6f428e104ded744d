package org.lora4j.example.mnist.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Numbers as people read them, the same in every locale. */
final class Words {

    private Words() {}

    /** {@code 2,807,010} */
    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** {@code 95.30 %} */
    static String percent(double share) {
        return fixed(100 * share, 2) + " %";
    }

    /** {@code 0.242} with three places. */
    static String fixed(double number, int places) {
        return String.format(Locale.ROOT, "%." + places + "f", number);
    }

    /** A difference of shares in percentage points: {@code −6.60 points}. */
    static String points(double difference) {
        return (difference > 0 ? "+" : difference < 0 ? "−" : "") + fixed(100 * Math.abs(difference), 2) + " points";
    }

    /** {@code 0.01230} */
    static String loss(@Nullable Double loss) {
        return loss == null ? "not finite" : String.format(Locale.ROOT, "%.4g", loss);
    }

    /** {@code 12.3 s}, from a minute on {@code 1 min 23 s}. */
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        return seconds < 59.95 ? fixed(seconds, 1) + " s" : whole / 60 + " min " + whole % 60 + " s";
    }

    /** {@code 1.5}, {@code 2} */
    static String number(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? String.valueOf((long) number)
                : String.valueOf(number);
    }

    /** {@code +12}, {@code −3}, {@code 0} */
    static String change(int change) {
        return change == 0 ? "0" : (change > 0 ? "+" : "−") + count(Math.abs((long) change));
    }

    /** {@code digit 9}, {@code digits 4 and 9} */
    static String digits(List<Integer> digits) {
        return (digits.size() == 1 ? "digit " : "digits ")
                + list(digits.stream().map(String::valueOf).toList());
    }

    /** {@code a}, {@code a and b}, {@code a, b and c} */
    static String list(List<String> items) {
        int last = items.size() - 1;
        return last < 1
                ? String.join("", items)
                : items.stream().limit(last).collect(Collectors.joining(", ")) + " and " + items.get(last);
    }

    static String capitalised(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
}
