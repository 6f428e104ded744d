package org.lora4j.nn.input;

import org.nd4j.linalg.api.ndarray.INDArray;

/** The input of a {@link org.lora4j.nn.Model}: {@link FeatureRows}, or {@link Sequences} of tokens. */
public sealed interface Input permits FeatureRows, Sequences {
    /**
     * Wraps rows of features.
     *
     * @param rows {@code [n, inputSize]}; not copied
     * @return the input
     */
    static FeatureRows of(INDArray rows) {
        return new FeatureRows(rows);
    }

    /**
     * Returns the number of examples.
     *
     * @return the number of rows or sequences
     */
    int count();
}
