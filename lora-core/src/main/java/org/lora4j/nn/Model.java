package org.lora4j.nn;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Something that predicts and can be trained: a {@link Network}, or a network with adapters. */
public interface Model {
    /**
     * Returns the number of features in an input row.
     *
     * @return the width of the input; the size of the vocabulary if the model takes sequences of tokens
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
     * Returns whether the input is sequences of tokens, not rows of features.
     *
     * @return true for a transformer
     */
    boolean takesSequences();

    /**
     * Computes the output. Any number of threads can call this at the same time.
     *
     * @param x the input {@code [n, inputSize]}; not written to. A model that takes sequences reads it as tokens
     *     {@code [n, t]} without padding
     * @return a new array {@code [n, outputSize]}
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    INDArray predict(INDArray x);

    /**
     * Computes the output of sequences of tokens. Any number of threads can call this at the same time.
     *
     * @param x the sequences
     * @return a new array {@code [n, outputSize]} with a row for each sequence, or for each token if the model has no pooling
     * @throws IllegalArgumentException if the model takes rows of features, or a token, a type or a length does not fit
     */
    INDArray predict(Sequences x);
}
