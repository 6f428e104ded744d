package org.lora4j.text.grammar.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The formats of strings that JSON Schema names, as patterns of whole strings. */
final class Formats {
    private static final String DATE = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
            + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
    private static final String TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?"
            + "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
    private static final String AMOUNT = "[0-9]{1,9}";
    private static final String DAYS =
            AMOUNT + "Y(?:" + AMOUNT + "M(?:" + AMOUNT + "D)?)?|" + AMOUNT + "M(?:" + AMOUNT + "D)?|" + AMOUNT + "D";
    private static final String HOURS = "T(?:" + AMOUNT + "H(?:" + AMOUNT + "M(?:" + AMOUNT + "S)?)?|" + AMOUNT + "M(?:"
            + AMOUNT + "S)?|" + AMOUNT + "S)";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String HOST = LABEL + "(?:\\." + LABEL + ")*";
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
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
    private static final String ESCAPED = "%" + HEX + HEX;
    private static final String NAME = "[A-Za-z0-9._~!$&'()*+,;=-]|" + ESCAPED;
    private static final String PATH = "(?:" + NAME + "|[:@])";
    private static final String AUTHORITY =
            "(?:(?:" + NAME + "|:)*@)?(?:(?:" + NAME + ")*|\\[(?:" + IPV6 + ")\\])(?::[0-9]*)?";
    private static final String URI = "[A-Za-z][A-Za-z0-9+.-]*:(?://" + AUTHORITY + "(?:/" + PATH + "*)*|/(?:" + PATH
            + "+(?:/" + PATH + "*)*)?|" + PATH + "+(?:/" + PATH + "*)*|)(?:\\?(?:" + PATH + "|[/?])*)?(?:#(?:" + PATH
            + "|[/?])*)?";

    /** RFC 1035. */
    private static final int MOST_OF_HOST = 253;

    private static final Map<String, String> PATTERNS = new LinkedHashMap<>();

    static {
        PATTERNS.put("date", DATE);
        PATTERNS.put("date-time", DATE + "T" + TIME);
        PATTERNS.put("time", TIME);
        PATTERNS.put("duration", "P(?:" + AMOUNT + "W|(?:" + DAYS + ")(?:" + HOURS + ")?|" + HOURS + ")");
        PATTERNS.put("email", ATOM + "(?:\\." + ATOM + ")*@" + HOST);
        PATTERNS.put("hostname", HOST);
        PATTERNS.put("ipv4", IPV4);
        PATTERNS.put("ipv6", IPV6);
        PATTERNS.put("uri", URI);
        PATTERNS.put("uuid", HEX + "{8}-(?:" + HEX + "{4}-){3}" + HEX + "{12}");
    }

    private Formats() {}

    static Set<String> names() {
        return PATTERNS.keySet();
    }

    /**
     * The strings of a format; null if it is not supported. Labels of hosts with {@code "--"} behind two letters are left out: whether
     * they are names depends on tables of Unicode.
     */
    static @Nullable Expression of(String name, Spelling spelling) {
        String pattern = PATTERNS.get(name);
        if (pattern == null) {
            return null;
        }
        Expressions all = spelling.expressions();
        Expression strings = PatternParser.parse(spelling, "^(?:" + pattern + ")$", name);
        return name.equals("hostname")
                ? all.and(
                        strings,
                        all.repeat(spelling.one(CodePoints.ALL), 1, MOST_OF_HOST),
                        all.not(PatternParser.parse(spelling, "(?:^|\\.)[^.]{2}--", name)))
                : strings;
    }
}
