package org.lora4j.text.chat.internal;

import java.util.Map;
import java.util.TreeMap;

/** The filters of Jinja that chat templates use: {@code value | name}. */
final class Filters {
    private static final Map<String, Routine> KNOWN = new TreeMap<>();

    static {
        KNOWN.putAll(TextFilters.KNOWN);
        KNOWN.putAll(NumberFilters.KNOWN);
        KNOWN.putAll(ListFilters.KNOWN);
        KNOWN.putAll(LazyFilters.KNOWN);
    }

    private Filters() {}

    static boolean isKnown(String name) {
        return KNOWN.containsKey(name);
    }

    static Routine require(String name) {
        Routine filter = KNOWN.get(name);
        if (filter == null) {
            throw new JinjaException(refusal(name));
        }
        return filter;
    }

    static String refusal(String name) {
        return "a filter must be one of " + KNOWN.keySet() + ", found '" + name + "'";
    }
}
