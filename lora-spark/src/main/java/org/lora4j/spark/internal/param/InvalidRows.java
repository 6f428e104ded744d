package org.lora4j.spark.internal.param;

/** What to do with rows that cannot be computed, by the names that the parameter takes. */
public enum InvalidRows implements Choice {
    ERROR,
    SKIP,
    KEEP;

    /** Returns the choice of a name that the parameter has checked. */
    public static InvalidRows of(String text) {
        return Choice.of(InvalidRows.class, text);
    }
}
