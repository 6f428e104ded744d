package org.lora4j.nn.weight.internal;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.SpareProcessors;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A matrix whose elements are in the packed copy of a product engine only. */
final class PackedMatrix extends RowMatrix {
    /** So many rows are read at a time: engines pack blocks of rows, each of which is read once then. */
    private static final int BLOCK_ROWS = 64;

    /** The fewest elements for which another thread saves time. */
    private static final int LEAST_ELEMENTS = 1 << 18;

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

    /**
     * Returns whether the copy can be read, and has these rows, bit for bit. The free processors compare a part each.
     *
     * @param others gives the rows for one thread
     */
    boolean holds(Supplier<Rows> others) {
        if (!packed.readRows(0, 1, new float[width()])) {
            return false;
        }
        AtomicBoolean isEqual = new AtomicBoolean(true);
        SpareProcessors.run(blocks(), Math.max(1, LEAST_ELEMENTS / (BLOCK_ROWS * width())), (from, to) -> {
            Rows rows = others.get();
            float[] block = new float[BLOCK_ROWS * width()];
            float[] row = new float[width()];
            for (int i = from; i < to && isEqual.get(); i++) {
                if (!holds(i, rows, block, row)) {
                    isEqual.set(false);
                }
            }
        });
        return isEqual.get();
    }

    private boolean holds(int number, Rows others, float[] block, float[] row) {
        int count = read(number, block);
        for (int i = 0; i < count; i++) {
            others.read(number * BLOCK_ROWS + i, row);
            if (!Arrays.equals(block, i * row.length, (i + 1) * row.length, row, 0, row.length)) {
                return false;
            }
        }
        return true;
    }

    private int blocks() {
        return (height() + BLOCK_ROWS - 1) / BLOCK_ROWS;
    }

    /** Reads a block of rows, and returns their number. */
    private int read(int number, float[] block) {
        int first = number * BLOCK_ROWS;
        int count = Math.min(BLOCK_ROWS, height() - first);
        packed.readRows(first, count, block);
        return count;
    }

    @Override
    Rows rows() {
        return (row, target) -> packed.readRows(row, 1, target);
    }

    @Override
    public INDArray array() {
        INDArray result = Nd4j.createUninitializedDetached(DataType.FLOAT, 'c', height(), width());
        ArrayMemory memory = new ArrayMemory(result);
        float[] block = new float[BLOCK_ROWS * width()];
        for (int i = 0; i < blocks(); i++) {
            memory.put(i * block.length, block, 0, read(i, block) * width());
        }
        return result;
    }

    @Override
    public boolean isCompact() {
        return precision != Precision.FLOAT;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public long bytes() {
        return packed.bytes();
    }

    /** The matrix as it was before it was packed. */
    WeightMatrix unpack() {
        return isCompact() ? CompactMatrix.of(this, precision, original()) : new ArrayMatrix(array(), original());
    }
}
