package org.lora4j.internal;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An array seen as one row: matrix products take no vectors, and ND4J's updaters want rows. */
public final class FlatRow {
    private FlatRow() {}

    /**
     * All elements as a row.
     *
     * @param array a contiguous array that is no view
     * @return a matrix {@code [1, length]} on the same memory, its elements in the order of the memory
     */
    public static INDArray of(INDArray array) {
        long length = array.length();
        return Nd4j.create(array.data(), new long[] {1, length}, new long[] {length, 1}, 0, 'c');
    }
}
