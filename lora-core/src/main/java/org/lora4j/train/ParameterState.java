package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A parameter in the middle of a training.
 *
 * @param name its full name
 * @param order the order of its elements in memory, and so in the updater's state
 * @param value its value
 * @param updater the class of the updater's settings
 * @param state the updater's state as it lies in memory, flat, or null if it has none
 */
record ParameterState(
        String name,
        char order,
        INDArray value,
        String updater,
        @Nullable INDArray state) {
    /** The order of an array's elements in memory; 'c' where both orders are the same. */
    static char orderOf(INDArray array) {
        return array.isVectorOrScalar() ? 'c' : array.ordering();
    }
}
