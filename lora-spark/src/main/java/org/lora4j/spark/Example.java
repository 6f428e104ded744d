package org.lora4j.spark;

import java.io.Serializable;

/** A row of the table. */
final class Example implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long number;
    private final float[] features;
    private final float[] label;

    /**
     * Holds a row.
     *
     * @param number its number in the order of the training, from 0
     * @param features {@code [in]}
     * @param label the number of a class, or {@code [out]}
     */
    Example(long number, float[] features, float[] label) {
        this.number = number;
        this.features = features;
        this.label = label;
    }

    long number() {
        return number;
    }

    float[] features() {
        return features;
    }

    float[] label() {
        return label;
    }
}
