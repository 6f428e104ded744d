package org.lora4j.spark.internal.rows;

import java.io.Serializable;

/** A row of the table. */
public final class Example implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long number;
    private final Inputs input;
    private final FlatValues label;
    private final double weight;

    /**
     * Holds a row.
     *
     * @param number its number in the order of the training, from 0
     * @param input its input
     * @param label the number of a class, or {@code [out]}, in the type of the network
     * @param weight its weight in the loss, positive
     */
    Example(long number, Inputs input, FlatValues label, double weight) {
        this.number = number;
        this.input = input;
        this.label = label;
        this.weight = weight;
    }

    public long number() {
        return number;
    }

    public Inputs input() {
        return input;
    }

    public FlatValues label() {
        return label;
    }

    public double weight() {
        return weight;
    }
}
