package org.lora4j.spark.internal.param;

/** What becomes of the workers' adapters after the last round of local steps, by the names that the parameter takes. */
public enum Aggregation implements Choice {
    AVERAGE,
    CAT,
    SVD;

    /** Returns the aggregation of a name that the parameter has checked. */
    public static Aggregation of(String text) {
        return Choice.of(Aggregation.class, text);
    }
}
