package org.lora4j.nn.weight.internal;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A matrix whose elements are in the packed copy of a product engine only. */
final class PackedMatrix extends RowMatrix {
    private final PackedWeight packed;
    private final Precision precision;

    /**
     * Holds a matrix.
     *
     * @param packed packed for {@code x·Wᵀ}
     * @param precision what it was packed in
     * @param original the fingerprint of the weights before they were rounded; null if it is that of the elements
     */
    PackedMatrix(PackedWeight packed, Precision precision, int height, int width, @Nullable String original) {
        super(height, width, original);
        this.packed = packed;
        this.precision = precision;
    }

    PackedWeight packed() {
        return packed;
    }

    /** Returns whether the copy can be read, and has these rows, bit for bit. */
    boolean holds(Supplier<Rows> others) {
        return packed.readRow(0, new float[width()]) && hasElements(others);
    }

    @Override
    Rows rows() {
        return packed::readRow;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public long bytes() {
        return packed.bytes();
    }

    /** Computes with the matrix as it was before it was packed, which gives the bits of this library's products. */
    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        unpack().multiply(context, x, y);
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        unpack().multiplyTransposed(context, g, dx, adds);
    }

    /** The matrix as it was before it was packed. */
    WeightMatrix unpack() {
        return isCompact() ? MatrixConversion.round(this, precision, original()) : new ArrayMatrix(array(), original());
    }
}
