package org.lora4j.nn;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a {@link Pass} provides to the layers and decorations that compute in it. */
public interface PassContext {
    /**
     * The type of all arrays.
     *
     * @return FLOAT or DOUBLE
     */
    DataType dataType();

    /**
     * Whether the pass trains.
     *
     * @return true for a training pass, false for predictions
     */
    boolean isTraining();

    /**
     * Where the gradient of a parameter belongs.
     *
     * @param parameter the parameter
     * @return an array of the parameter's shape and order, to be overwritten at each step; null if the parameter
     *     does not train in this pass
     */
    @Nullable
    INDArray gradient(Parameter parameter);
}
