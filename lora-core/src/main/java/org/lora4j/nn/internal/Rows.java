package org.lora4j.nn.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** The number of rows of a matrix that loops on the heap go through. */
final class Rows {
    private Rows() {}

    static int count(INDArray matrix) {
        return Math.toIntExact(matrix.size(0));
    }
}
