package org.lora4j.nn.parametrization.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.FlatRow;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradient of a parameter in a pass. In a step several computations can have a part of it: the blocks of rows of a head,
 * or two layers that share the parameter. The first of them overwrites the array, the others add to it.
 */
public final class Gradient {
    private final INDArray array;
    private @Nullable INDArray row;
    private final @Nullable Gradient transposed;
    private boolean hasParts;

    /**
     * Creates a gradient without parts.
     *
     * @param array gets the gradient, in the shape and order of the parameter
     */
    public Gradient(INDArray array) {
        this.array = array;
        transposed = null;
    }

    private Gradient(Gradient other) {
        array = other.array.transpose();
        transposed = other;
    }

    /**
     * Returns the same gradient for a computation that uses the parameter transposed.
     *
     * @return a gradient on the same memory, with the same parts
     */
    public Gradient transposed() {
        return new Gradient(this);
    }

    /**
     * Returns the array.
     *
     * @return the sum of the parts; undefined before the first of them
     */
    public INDArray array() {
        return array;
    }

    /**
     * Returns the array as one row, for products.
     *
     * @return {@code [1, length]} on the same memory
     */
    public INDArray row() {
        INDArray known = row;
        if (known == null) {
            known = FlatRow.of(array);
            row = known;
        }
        return known;
    }

    /** Starts a step: the array has no parts. */
    public void begin() {
        hasParts = false;
    }

    /**
     * Starts a part, which the caller writes next.
     *
     * @return whether the part is added to what the array holds; if not, it overwrites it
     */
    public boolean beginPart() {
        if (transposed != null) {
            return transposed.beginPart();
        }
        boolean adds = hasParts;
        hasParts = true;
        return adds;
    }

    /**
     * Starts a part that a product computes.
     *
     * @return the factor of what the array holds: 0 for the first part, then 1
     */
    public double beginProduct() {
        return beginPart() ? 1 : 0;
    }
}
