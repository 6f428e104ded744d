package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.FlatRow;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The copies of a layer that an adapter trains in full. */
final class SavedParameters {
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final @Nullable INDArray biasRow;

    SavedParameters(Parameter weight, @Nullable Parameter bias) {
        this.weight = weight;
        this.bias = bias;
        biasRow = bias == null ? null : FlatRow.of(bias.value());
    }

    Parameter weight() {
        return weight;
    }

    @Nullable
    Parameter bias() {
        return bias;
    }

    /** The bias {@code [1, out]}, a view. */
    @Nullable
    INDArray biasRow() {
        return biasRow;
    }
}
