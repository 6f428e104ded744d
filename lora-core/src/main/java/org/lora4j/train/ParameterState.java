package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The state of a parameter between two steps of a training.
 *
 * @param name the full name
 * @param order the memory order of the elements, 'c' or 'f'; the state of the updater has the same order
 * @param value the value
 * @param updater the class name of the updater's settings
 * @param state the state of the updater as a vector in memory order, or null if it has none
 * @param best the value of the best validation, or null if there was none
 */
record ParameterState(
        String name,
        char order,
        INDArray value,
        String updater,
        @Nullable INDArray state,
        @Nullable INDArray best) {
    /** Returns the memory order of an array; 'c' if both orders are the same. */
    static char orderOf(INDArray array) {
        return array.isVectorOrScalar() ? 'c' : array.ordering();
    }
}
