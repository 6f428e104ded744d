package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.threads.SpareProcessors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A frozen FLOAT matrix in fewer bits. A product expands a block of some rows at a time into a buffer of floats, so both
 * directions multiply with the same weights. The matrix has native memory of its own.
 */
public abstract class CompactMatrix extends RowMatrix {
    /** A smaller matrix saves too little. Product engines have the same limit. */
    private static final long LEAST_ELEMENTS = 50_000;

    /** A buffer of this many floats fits into the second-level cache of most processors. */
    private static final int BLOCK = 1 << 18;

    /** The fewest multiplications for which another thread saves time. */
    private static final long LEAST_MULTIPLICATIONS = 8_000_000;

    private final int rowsOfBlock;

    /**
     * Holds a matrix.
     *
     * @param rowsOfBlock how many rows are expanded at a time, at most {@link #mostRows}
     * @param original the fingerprint of the weights before they were rounded; null if rounding changed nothing
     */
    CompactMatrix(int height, int width, int rowsOfBlock, @Nullable String original) {
        super(height, width, original);
        this.rowsOfBlock = rowsOfBlock;
    }

    /** How many rows of a width fit into a buffer. */
    static int mostRows(int width) {
        return Math.max(1, BLOCK / width);
    }

    /**
     * Returns whether a matrix can be stored in fewer bits, and saves enough memory then.
     *
     * @param type the type of the elements
     * @param shape the shape
     * @return true for a FLOAT matrix of at least 50,000 elements
     */
    public static boolean fits(DataType type, long[] shape) {
        if (type != DataType.FLOAT || shape.length != 2) {
            return false;
        }
        long elements = shape[0] * shape[1];
        return elements >= LEAST_ELEMENTS && elements <= Integer.MAX_VALUE / Short.BYTES;
    }

    /** The number of blocks. */
    final int blockCount() {
        return (height() + rowsOfBlock - 1) / rowsOfBlock;
    }

    /** The first row of a block. */
    final int firstRow(int block) {
        return block * rowsOfBlock;
    }

    /** The number of rows of a block. */
    final int blockHeight(int block) {
        return Math.min(rowsOfBlock, height() - firstRow(block));
    }

    /**
     * Copies a block of rows as floats to a buffer.
     *
     * @return a matrix in the memory of the buffer
     */
    abstract INDArray expand(int block, ExpandedBlock buffer);

    /** Returns a scale for each row, which the expanded elements are multiplied with; null for none. */
    abstract float @Nullable [] scales();

    /**
     * Returns whether another matrix has the same elements.
     *
     * @param other a matrix
     * @return true if type, shape and all bits are equal
     */
    public boolean hasElementsOf(CompactMatrix other) {
        return precision() == other.precision()
                && height() == other.height()
                && width() == other.width()
                && hasElements(other::rows);
    }

    /** Releases the native memory. Nobody may use the matrix any more. */
    abstract void close();

    /** Divides the blocks among the processors that neither BLAS nor an engine uses. */
    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        int count = blockCount();
        long multiplications = (long) height() * width() * x.size(0);
        int parts = Math.min(count, SpareProcessors.parts(multiplications, LEAST_MULTIPLICATIONS));
        SpareProcessors.runParts(
                parts,
                part -> ExpandedBlock.use(buffer -> {
                    int end = SpareProcessors.start(count, part + 1, parts);
                    for (int i = SpareProcessors.start(count, part, parts); i < end; i++) {
                        buffer.multiply(x, this, i, y);
                    }
                }));
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        ExpandedBlock.use(buffer -> {
            for (int i = 0; i < blockCount(); i++) {
                buffer.multiplyTransposed(g, this, i, dx, adds || i > 0);
            }
        });
    }
}
