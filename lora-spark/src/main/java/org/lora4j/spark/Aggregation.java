package org.lora4j.spark;

import java.util.Arrays;

/** What becomes of the workers' adapters after the last round of local steps, by the names that the parameter takes. */
enum Aggregation {
    AVERAGE("average"),
    CAT("cat"),
    SVD("svd");

    private final String text;

    Aggregation(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    /** Returns the aggregation of a name that the parameter has checked. */
    static Aggregation of(String text) {
        for (Aggregation name : values()) {
            if (name.text.equals(text)) {
                return name;
            }
        }
        throw new IllegalArgumentException("no aggregation " + text);
    }

    static String[] texts() {
        return Arrays.stream(values()).map(Aggregation::text).toArray(String[]::new);
    }
}
