package org.lora4j.internal.math;

/** Holds the cosines and sines of positions. */
public interface RotaryTables {
    /**
     * Returns the table of a type.
     *
     * @param <A> {@code float[]} or {@code double[]}
     * @param math the type of the numbers
     * @return the table, always the same object
     */
    <A> RotaryTable<A> table(RowMath<A> math);
}
