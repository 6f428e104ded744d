package org.lora4j.text.chat.internal;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.Locale;

/** Writes the time as Python's {@code strftime} does in English. */
final class TimeFormat {
    /** What a field costs, in steps. */
    private static final int FIELD = 500;

    private static final String AS_JAVA = "dmYyHMSbBaAIj";

    private TimeFormat() {}

    static String write(String format, Clock clock, Budget budget) {
        ZonedDateTime now = ZonedDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            boolean isField = c == '%' && i + 1 < format.length();
            boolean isPlain = isField && format.charAt(i + 1) == '-' && i + 2 < format.length();
            i += isPlain ? 2 : isField ? 1 : 0;
            budget.steps(isField ? FIELD : 1);
            String field = isField ? field(format.charAt(i), now) : String.valueOf(c);
            out.append(isPlain ? withoutZeros(field, format.charAt(i)) : field);
        }
        return out.toString();
    }

    private static String withoutZeros(String field, char name) {
        if ("dmyHMSIj".indexOf(name) < 0) {
            throw unknown("-" + name);
        }
        String digits = field.replaceFirst("^0+", "");
        return digits.isEmpty() ? "0" : digits;
    }

    private static String field(char name, ZonedDateTime now) {
        if (AS_JAVA.indexOf(name) >= 0) {
            return String.format(Locale.ENGLISH, "%1$t" + name, now);
        }
        return switch (name) {
            case 'p' -> now.getHour() < 12 ? "AM" : "PM";
            case 'e' -> String.format(Locale.ENGLISH, "%2d", now.getDayOfMonth());
            case 'F' -> String.format(Locale.ENGLISH, "%1$tY-%1$tm-%1$td", now);
            case 'T' -> String.format(Locale.ENGLISH, "%1$tH:%1$tM:%1$tS", now);
            case 'D' -> String.format(Locale.ENGLISH, "%1$tm/%1$td/%1$ty", now);
            case 'R' -> String.format(Locale.ENGLISH, "%1$tH:%1$tM", now);
            case '%' -> "%";
            default -> throw unknown(String.valueOf(name));
        };
    }

    private static JinjaException unknown(String name) {
        return new JinjaException(
                "strftime_now: must have one of %d %m %Y %y %H %M %S %b %B %a %A %I %j %p %e %F %T %D %R," + " found %"
                        + name);
    }
}
