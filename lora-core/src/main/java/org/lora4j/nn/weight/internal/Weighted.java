package org.lora4j.nn.weight.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** An array that layers multiply with, trainable or frozen. */
public interface Weighted {
    /**
     * Returns the full name.
     *
     * @return such as {@code linear1.weight}
     */
    String name();

    /**
     * Returns the array itself.
     *
     * @return the array
     */
    INDArray value();

    /**
     * Returns whether training changes the array.
     *
     * @return false if it is frozen
     */
    boolean isTrainable();

    /**
     * Returns how often it was unfrozen. While it is frozen and the number stays the same, its array does too.
     *
     * @return a number that grows
     */
    int thaws();

    /**
     * Returns what layers multiply with.
     *
     * @return always the same object
     */
    Weight weight();

    /**
     * Returns all elements as a row, to be added to each row of a matrix.
     *
     * @return {@code [1, length]} on the same memory, always the same object
     */
    INDArray row();
}
