package org.lora4j.nn;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Something that predicts and can be trained: a {@link Network}, or a network with adapters. */
public interface Model {
    /**
     * Returns the number of features in an input row.
     *
     * @return the width of the input
     */
    long inputSize();

    /**
     * Returns the number of values in an output row.
     *
     * @return the width of the output
     */
    long outputSize();

    /**
     * Returns the type of all parameters, inputs and outputs.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Computes the output. Any number of threads can call this at the same time.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @return a new array {@code [n, outputSize]}
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    INDArray predict(INDArray x);
}
