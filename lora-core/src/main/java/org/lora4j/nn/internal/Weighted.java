package org.lora4j.nn.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Something that layers multiply with. */
public interface Weighted {
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
