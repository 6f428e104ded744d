package org.lora4j.spark;

import java.util.Arrays;

/** What to do with rows that cannot be computed, by the names that the parameter takes. */
enum InvalidRows {
    ERROR("error"),
    SKIP("skip"),
    KEEP("keep");

    private final String text;

    InvalidRows(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    /** Returns the choice of a name that the parameter has checked. */
    static InvalidRows of(String text) {
        for (InvalidRows choice : values()) {
            if (choice.text.equals(text)) {
                return choice;
            }
        }
        throw new IllegalArgumentException("no choice " + text);
    }

    static String[] texts() {
        return Arrays.stream(values()).map(InvalidRows::text).toArray(String[]::new);
    }
}
