package org.lora4j.serve;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An output, and the adapter that computed it.
 *
 * @param output a new array, as {@link BatchingPredictor#predict} returns it
 * @param adapter the adapter as it was in the batch, or null if the base alone computed the output
 */
public record Prediction(INDArray output, @Nullable UsedAdapter adapter) {
    /**
     * Checks that there is an output.
     *
     * @param output a new array
     * @param adapter the adapter, or null
     */
    public Prediction {
        Objects.requireNonNull(output, "output must not be null");
    }
}
