package org.lora4j.io.gguf.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.function.IntUnaryOperator;

/**
 * The rows of a matrix that a GGUF file stores in groups: 32 elements of a row share a scale s and have codes c of 4 bits,
 * {@code w = s·(c − 8)} as in Q4_0, or {@code w = s·c + o} with an offset o as in Q4_1 and Q4_K.
 */
public final class GgufGroups {
    private static final int GROUP = 32;

    private final GgufBytes bytes;
    private final GgufHeader.Info info;
    private final IntUnaryOperator place;

    /**
     * Refers to a matrix.
     *
     * @param place which row of the file a row is
     */
    GgufGroups(GgufBytes bytes, GgufHeader.Info info, IntUnaryOperator place) {
        this.bytes = bytes;
        this.info = info;
        this.place = place;
    }

    /**
     * A row.
     *
     * @param codes the codes from 0 to 15
     * @param scales the scale of each group
     * @param offsets the offset of each group, if the matrix has offsets
     */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    public record Row(byte[] codes, float[] scales, float[] offsets) {
        /**
         * Creates a row.
         *
         * @param codes the codes from 0 to 15
         * @param scales the scale of each group
         * @param offsets the offset of each group, if the matrix has offsets
         * @throws NullPointerException if an array is null
         */
        public Row {
            Objects.requireNonNull(codes, "codes must not be null");
            Objects.requireNonNull(scales, "scales must not be null");
            Objects.requireNonNull(offsets, "offsets must not be null");
        }
    }

    /**
     * Returns whether the elements are {@code w = s·c + o}.
     *
     * @return false if they are {@code w = s·(c − 8)}
     */
    public boolean hasOffsets() {
        return info.type().hasOffsets();
    }

    /**
     * Creates an empty row of the right size.
     *
     * @return the row
     */
    public Row newRow() {
        int width = Math.toIntExact(info.shape()[1]);
        return new Row(new byte[width], new float[width / GROUP], new float[hasOffsets() ? width / GROUP : 0]);
    }

    /**
     * Reads a row.
     *
     * @param row its number
     * @param target gets the row; from {@link #newRow}
     * @throws IOException if the file cannot be read, or is closed
     */
    public void read(int row, Row target) throws IOException {
        Objects.requireNonNull(target, "target must not be null");
        int length = Math.toIntExact(info.type().bytes(target.codes().length));
        ByteBuffer chunk = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.read(chunk, info.position() + (long) place.applyAsInt(row) * length);
        info.type().read(chunk, target);
    }
}
