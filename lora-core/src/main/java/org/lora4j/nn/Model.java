package org.lora4j.nn;

import org.nd4j.linalg.api.buffer.DataType;

/** What can be trained and asked for predictions: a network, or a network with adapters over it. */
public interface Model {
    /**
     * The number of features of an input row.
     *
     * @return the width of the input
     */
    long inputSize();

    /**
     * The number of values in an output row.
     *
     * @return the width of the output
     */
    long outputSize();

    /**
     * The type of all parameters, inputs and outputs.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Makes a pass for training: it gives gradients for the parameters that are trainable now. A pass belongs to one
     * thread at a time.
     *
     * @return a new pass
     */
    Pass newTrainingPass();

    /**
     * Makes a pass for predictions. A pass belongs to one thread at a time.
     *
     * @return a new pass
     */
    Pass newInferencePass();
}
