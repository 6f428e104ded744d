package org.lora4j.nn.weight.internal;

import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A parameter that layers multiply with, trainable or frozen. */
public interface Weighted {
    /**
     * Returns the full name.
     *
     * @return such as {@code linear1.weight}
     */
    String name();

    /**
     * Returns the elements.
     *
     * @return the array or the matrix in fewer bits that the parameter has now
     */
    WeightMatrix matrix();

    /**
     * Returns the precision that the frozen matrix is to be stored and multiplied in.
     *
     * @return {@code FLOAT} unless another was asked for
     */
    Precision precision();

    /**
     * Returns whether training changes the array.
     *
     * @return false if it is frozen
     */
    boolean isTrainable();

    /**
     * Returns how often it was unfrozen or stored in another form. While it is frozen and the number stays the same, its
     * elements do too.
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
