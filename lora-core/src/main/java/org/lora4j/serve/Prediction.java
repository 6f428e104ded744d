package org.lora4j.serve;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.memory.ArrayBits;
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

    /**
     * Compares the adapter, and the shape, the type and the bits of the output.
     *
     * @param other another object
     * @return whether it is an equal prediction
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Prediction that
                && ArrayBits.equal(output, that.output)
                && Objects.equals(adapter, that.adapter);
    }

    @Override
    public int hashCode() {
        return 31 * ArrayBits.hash(output) + Objects.hashCode(adapter);
    }

    @Override
    public String toString() {
        return "Prediction[output " + ArrayBits.describe(output) + ", adapter " + adapter + "]";
    }
}
