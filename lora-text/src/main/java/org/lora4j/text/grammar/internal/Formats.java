package org.lora4j.text.grammar.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The formats of strings that JSON Schema names, as patterns of whole strings. */
final class Formats {
    private static final String DATE = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
            + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
    private static final String FRACTION = "(?:\\.[0-9]{1,18})?";
    private static final String HOUR = "(?:[01][0-9]|2[0-3])";
    private static final String TIME =
            HOUR + ":[0-5][0-9]:[0-5][0-9]" + FRACTION + "(?:[Zz]|[+-]" + HOUR + ":[0-5][0-9])";
    private static final String AMOUNT = "[0-9]{1,99}";
    private static final String DAYS =
            AMOUNT + "Y(?:" + AMOUNT + "M(?:" + AMOUNT + "D)?)?|" + AMOUNT + "M(?:" + AMOUNT + "D)?|" + AMOUNT + "D";
    private static final String HOURS = "T(?:" + AMOUNT + "H(?:" + AMOUNT + "M(?:" + AMOUNT + "S)?)?|" + AMOUNT + "M(?:"
            + AMOUNT + "S)?|" + AMOUNT + "S)";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String HOST = LABEL + "(?:\\." + LABEL + ")*";
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";

    /** RFC 5321. */
    private static final String QUOTED = "\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\"";

    private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String IPV4 = OCTET + "(?:\\." + OCTET + "){3}";
    private static final String HEX = "[0-9A-Fa-f]";
    private static final String GROUP = HEX + "{1,4}";
    private static final String LAST = "(?:" + GROUP + ":" + GROUP + "|" + IPV4 + ")";
    private static final String IPV6 = "(?:" + GROUP + ":){6}" + LAST
            + "|::(?:" + GROUP + ":){5}" + LAST
            + "|(?:" + GROUP + ")?::(?:" + GROUP + ":){4}" + LAST
            + "|(?:(?:" + GROUP + ":){0,1}" + GROUP + ")?::(?:" + GROUP + ":){3}" + LAST
            + "|(?:(?:" + GROUP + ":){0,2}" + GROUP + ")?::(?:" + GROUP + ":){2}" + LAST
            + "|(?:(?:" + GROUP + ":){0,3}" + GROUP + ")?::" + GROUP + ":" + LAST
            + "|(?:(?:" + GROUP + ":){0,4}" + GROUP + ")?::" + LAST
            + "|(?:(?:" + GROUP + ":){0,5}" + GROUP + ")?::" + GROUP
            + "|(?:(?:" + GROUP + ":){0,6}" + GROUP + ")?::";
    private static final String FUTURE = "[vV]" + HEX + "+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+";
    private static final String ESCAPED = "%" + HEX + HEX;
    private static final String NAME = "[A-Za-z0-9._~!$&'()*+,;=-]|" + ESCAPED;

    /** RFC 3987: ucschar, and iprivate, which may stand in queries. */
    private static final String OTHER = "[\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF\\u{10000}-\\u{1FFFD}"
            + "\\u{20000}-\\u{2FFFD}\\u{30000}-\\u{3FFFD}\\u{40000}-\\u{4FFFD}\\u{50000}-\\u{5FFFD}\\u{60000}-\\u{6FFFD}"
            + "\\u{70000}-\\u{7FFFD}\\u{80000}-\\u{8FFFD}\\u{90000}-\\u{9FFFD}\\u{A0000}-\\u{AFFFD}\\u{B0000}-\\u{BFFFD}"
            + "\\u{C0000}-\\u{CFFFD}\\u{D0000}-\\u{DFFFD}\\u{E1000}-\\u{EFFFD}]";

    private static final String PRIVATE = "|[\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}]";

    /** RFC 6570. */
    private static final String VARIABLE =
            "(?:[A-Za-z0-9_]|" + ESCAPED + ")(?:\\.?(?:[A-Za-z0-9_]|" + ESCAPED + "))*(?::[1-9][0-9]{0,3}|\\*)?";

    private static final String TEMPLATE = "(?:[!#$&-;=?@A-Z\\[\\]_a-z~-]|" + OTHER + PRIVATE + "|" + ESCAPED
            + "|\\{[+#./;?&=,!@|]?" + VARIABLE + "(?:," + VARIABLE + ")*\\})*";

    private static final String POINTER = "(?:/(?:[^/~]|~[01])*)*";

    /** RFC 1035. */
    private static final int MOST_OF_HOST = 253;

    private static final Map<String, String> PATTERNS = new LinkedHashMap<>();

    static {
        PATTERNS.put("date", DATE);
        PATTERNS.put("date-time", DATE + "[Tt]" + TIME);
        PATTERNS.put("time", TIME);
        PATTERNS.put("duration", "P(?:" + AMOUNT + "W|(?:" + DAYS + ")(?:" + HOURS + ")?|" + HOURS + ")");
        PATTERNS.put(
                "email",
                "(?:" + ATOM + "(?:\\." + ATOM + ")*|" + QUOTED + ")@(?:" + HOST + "|\\[(?:" + IPV4
                        + "|[Ii][Pp][Vv]6:(?:" + IPV6 + "))\\])");
        PATTERNS.put("hostname", HOST);
        PATTERNS.put("ipv4", IPV4);
        PATTERNS.put("ipv6", IPV6);
        PATTERNS.put("iri", uri(OTHER, PRIVATE));
        PATTERNS.put("iri-reference", reference(OTHER, PRIVATE));
        PATTERNS.put("json-pointer", POINTER);
        PATTERNS.put("relative-json-pointer", "(?:0|[1-9][0-9]*)(?:#|" + POINTER + ")");
        PATTERNS.put("uri", uri("", ""));
        PATTERNS.put("uri-reference", reference("", ""));
        PATTERNS.put("uri-template", TEMPLATE);
        PATTERNS.put("uuid", HEX + "{8}-(?:" + HEX + "{4}-){3}" + HEX + "{12}");
    }

    private static final Set<String> NOT_HELD = Set.of("regex", "idn-email", "idn-hostname");

    private Formats() {}

    /** RFC 3986, or RFC 3987 with other characters. */
    private static String uri(String other, String ofQuery) {
        String path = path(other);
        return "[A-Za-z][A-Za-z0-9+.-]*:(?://" + authority(other) + "(?:/" + path + "*)*|/(?:" + path + "+(?:/" + path
                + "*)*)?|" + path + "+(?:/" + path + "*)*|)" + end(path, ofQuery);
    }

    /** The same without a scheme too. */
    private static String reference(String other, String ofQuery) {
        String path = path(other);
        String segment = "(?:" + name(other) + "|@)";
        return "(?:" + uri(other, ofQuery) + ")|(?://" + authority(other) + "(?:/" + path + "*)*|/(?:" + path + "+(?:/"
                + path + "*)*)?|" + segment + "+(?:/" + path + "*)*|)" + end(path, ofQuery);
    }

    private static String name(String other) {
        return other.isEmpty() ? NAME : NAME + "|" + other;
    }

    private static String path(String other) {
        return "(?:" + name(other) + "|[:@])";
    }

    private static String authority(String other) {
        String name = name(other);
        return "(?:(?:" + name + "|:)*@)?(?:(?:" + name + ")*|\\[(?:" + IPV6 + "|" + FUTURE + ")\\])(?::[0-9]*)?";
    }

    private static String end(String path, String ofQuery) {
        return "(?:\\?(?:" + path + "|[/?]" + ofQuery + ")*)?(?:#(?:" + path + "|[/?])*)?";
    }

    static boolean isKnown(String name) {
        return PATTERNS.containsKey(name);
    }

    /** Whether some draft knows a format that no expression holds. */
    static boolean isNotHeld(String name) {
        return NOT_HELD.contains(name);
    }

    static Set<String> names() {
        return PATTERNS.keySet();
    }

    /**
     * The strings of a format that is known. Labels of hosts with {@code "--"} behind two letters are left out: whether they are names
     * depends on tables of Unicode.
     */
    static Expression of(String name, Spelling spelling) {
        String pattern = Objects.requireNonNull(PATTERNS.get(name));
        Expressions all = spelling.expressions();
        Expression strings = PatternParser.parse(spelling, "^(?:" + pattern + ")$", name);
        return switch (name) {
            case "hostname" ->
                all.and(
                        strings,
                        all.repeat(spelling.one(CodePoints.ALL), 1, MOST_OF_HOST),
                        all.not(PatternParser.parse(spelling, "(?:^|\\.)[^.]{2}--", name)));
            case "time" -> all.or(strings, leapSecond(spelling));
            case "date-time" ->
                all.or(
                        strings,
                        all.concat(
                                PatternParser.parse(spelling, "^(?:" + DATE + ")[Tt]$", name), leapSecond(spelling)));
            default -> strings;
        };
    }

    private static String two(int number) {
        return (number < 10 ? "0" : "") + number;
    }

    /** A time with a 60th second, which is 23:59 in UTC. Hours and minutes depend on each other across the second. */
    private static Expression leapSecond(Spelling spelling) {
        String second = ":60" + FRACTION;
        StringBuilder minutes = new StringBuilder();
        StringBuilder hours = new StringBuilder();
        for (int offset = 0; offset < 60; offset++) {
            minutes.append("|" + HOUR + ":" + two((59 + offset) % 60) + second + "\\+" + HOUR + ":" + two(offset));
            minutes.append("|" + HOUR + ":" + two(59 - offset) + second + "-" + HOUR + ":" + two(offset));
        }
        for (int offset = 0; offset < 24; offset++) {
            // A minute more than 23:59 is the next hour.
            hours.append("|" + two((23 + offset) % 24) + ":59" + second + "\\+" + two(offset) + ":00");
            hours.append("|" + two(offset) + ":[0-5][0-9]" + second + "\\+" + two(offset) + ":(?:0[1-9]|[1-5][0-9])");
            hours.append("|" + two(23 - offset) + ":[0-5][0-9]" + second + "-" + two(offset) + ":[0-5][0-9]");
        }
        Expressions all = spelling.expressions();
        return all.or(
                PatternParser.parse(spelling, "^23:59" + second + "[Zz]$", "time"),
                all.and(
                        PatternParser.parse(spelling, "^(?:" + minutes.substring(1) + ")$", "time"),
                        PatternParser.parse(spelling, "^(?:" + hours.substring(1) + ")$", "time")));
    }
}
