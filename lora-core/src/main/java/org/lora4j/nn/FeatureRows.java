package org.lora4j.nn;

import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows of features, the input of a dense network.
 *
 * @param array {@code [n, inputSize]}; not copied, so do not change it while it is in use
 */
public record FeatureRows(INDArray array) implements Input {
    /**
     * Checks that there is an array.
     *
     * @param array {@code [n, inputSize]}
     */
    public FeatureRows {
        Objects.requireNonNull(array, "x must not be null");
    }

    @Override
    public int count() {
        return Math.toIntExact(array.size(0));
    }
}
