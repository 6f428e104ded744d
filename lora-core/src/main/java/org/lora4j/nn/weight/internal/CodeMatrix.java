package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A matrix with a code of 2 bytes or 1 byte for each element, in 'c' order. */
abstract class CodeMatrix extends CompactMatrix {
    private final INDArray codes;
    private volatile INDArray @Nullable [] blocks;

    /**
     * Holds a matrix.
     *
     * @param codes {@code [out, in]} of BFLOAT16 or INT8
     * @param original the fingerprint of the weights before they were rounded; null if rounding changed nothing
     */
    CodeMatrix(INDArray codes, @Nullable String original) {
        this(codes, Math.toIntExact(codes.size(0)), Math.toIntExact(codes.size(1)), original);
    }

    private CodeMatrix(INDArray codes, int height, int width, @Nullable String original) {
        super(height, width, Math.min(height, mostRows(width)), original);
        this.codes = codes;
    }

    /** Allocates native memory for a matrix of codes. */
    static INDArray allocate(DataType type, int height, int width) {
        return Nd4j.createUninitializedDetached(type, 'c', height, width);
    }

    /** Arrays for codes of a row, which can be used again. */
    static final class Scratch {
        private short[] shorts = new short[0];
        private byte[] bytes = new byte[0];

        short[] shorts(int length) {
            if (shorts.length < length) {
                shorts = new short[length];
            }
            return shorts;
        }

        byte[] bytes(int length) {
            if (bytes.length < length) {
                bytes = new byte[length];
            }
            return bytes;
        }
    }

    /**
     * Copies the codes of a row as floats, without the scale.
     *
     * @param row the number of the row
     * @param target gets {@code in} elements
     * @param scratch used for the codes
     */
    abstract void readCodes(int row, float[] target, Scratch scratch);

    /** Copies a row as it is multiplied with. */
    final void readRow(int row, float[] target, Scratch scratch) {
        readCodes(row, target, scratch);
        float[] scales = scales();
        if (scales != null) {
            float scale = scales[row];
            int width = width();
            for (int j = 0; j < width; j++) {
                target[j] *= scale;
            }
        }
    }

    @Override
    final Rows rows() {
        Scratch scratch = new Scratch();
        return (row, target) -> readRow(row, target, scratch);
    }

    /** Returns an element as it is multiplied with. */
    abstract float element(int row, int column);

    @Override
    final void close() {
        codes.close();
    }

    @Override
    public long bytes() {
        return codes.length() * codes.dataType().width();
    }

    /** The codes of a block as a view. */
    private INDArray codes(int block) {
        INDArray[] known = blocks;
        if (known == null) {
            int width = width();
            known = new INDArray[blockCount()];
            for (int i = 0; i < known.length; i++) {
                known[i] = Nd4j.create(
                        codes.data(),
                        new long[] {blockHeight(i), width},
                        new long[] {width, 1},
                        (long) firstRow(i) * width,
                        'c');
            }
            blocks = known;
        }
        return known[block];
    }

    @Override
    final INDArray expand(int block, ExpandedBlock buffer) {
        return buffer.cast(this, firstRow(block), codes(block));
    }

    @Override
    public INDArray column(long column) {
        float[] elements = new float[height()];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = element(i, Math.toIntExact(column));
        }
        return rowOf(elements);
    }
}
