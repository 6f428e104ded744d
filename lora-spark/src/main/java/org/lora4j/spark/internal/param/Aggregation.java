package org.lora4j.spark;

/** What becomes of the workers' adapters after the last round of local steps, by the names that the parameter takes. */
enum Aggregation implements Choice {
    AVERAGE,
    CAT,
    SVD;

    /** Returns the aggregation of a name that the parameter has checked. */
    static Aggregation of(String text) {
        return Choice.of(Aggregation.class, text);
    }
}
