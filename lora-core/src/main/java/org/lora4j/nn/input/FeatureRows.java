package org.lora4j.nn.input;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Rows of features, the input of a dense network. {@link Input#of} creates it. */
public final class FeatureRows implements Input {
    private final INDArray array;

    FeatureRows(INDArray array) {
        this.array = Objects.requireNonNull(array, "x must not be null");
    }

    /**
     * Returns the rows.
     *
     * @return {@code [n, inputSize]}, the array itself; do not change it while it is in use
     */
    public INDArray array() {
        return array;
    }

    @Override
    public int count() {
        return Math.toIntExact(array.size(0));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof FeatureRows that && ArrayBits.equal(array, that.array);
    }

    @Override
    public int hashCode() {
        return ArrayBits.hash(array);
    }

    @Override
    public String toString() {
        return "FeatureRows" + Arrays.toString(array.shape());
    }
}
