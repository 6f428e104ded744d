package org.lora4j.internal.math;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Adds updates of adapters to single rows of a batch: {@code y[i] += s·(x[i]·Aᵀ)·Bᵀ}. */
public interface RowUpdates {
    /**
     * Sets the matrices whose rows follow.
     *
     * @param x the inputs {@code [n, in]}
     * @param y the outputs {@code [n, out]}; the updates are added to them
     */
    void begin(INDArray x, INDArray y);

    /**
     * Adds an update of a row, at the latest in {@link #end}. A row can have several updates, one after the other.
     *
     * @param row the number of the row, not lower than that of the last update
     * @param a the factor {@code [r, in]}
     * @param b the factor {@code [out, r]}
     * @param scale what the product is multiplied by
     */
    void add(int row, INDArray a, INDArray b, double scale);

    /** Adds what is not added yet. */
    void end();
}
