package org.lora4j.internal.math;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Views an array as one row. Matrix products accept no vectors, and ND4J's updaters need rows. */
public final class FlatRow {
    private FlatRow() {}

    /**
     * Returns a view of all elements as a row.
     *
     * @param array a contiguous array that is not a view
     * @return a matrix {@code [1, length]} on the same memory, with the elements in memory order
     */
    public static INDArray of(INDArray array) {
        long length = array.length();
        return Nd4j.create(array.data(), new long[] {1, length}, new long[] {length, 1}, 0, 'c');
    }
}
