package org.lora4j.io.gguf.internal;

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

    /** The arrays that get a row. */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    record Row(byte[] codes, float[] scales, float[] offsets) {}

    /**
     * Returns whether the elements are {@code w = s·c + o}.
     *
     * @return false if they are {@code w = s·(c − 8)}
     */
    public boolean hasOffsets() {
        return info.type().hasOffsets();
    }

    /**
     * Reads a row.
     *
     * @param row its number
     * @param codes gets the codes from 0 to 15, as many as the matrix has columns
     * @param scales gets the scale of each group of 32
     * @param offsets gets the offset of each group, if the matrix has offsets
     * @throws IOException if the file cannot be read, or is closed
     */
    public void read(int row, byte[] codes, float[] scales, float[] offsets) throws IOException {
        Objects.requireNonNull(codes, "codes must not be null");
        Objects.requireNonNull(scales, "scales must not be null");
        Objects.requireNonNull(offsets, "offsets must not be null");
        int length = Math.toIntExact(info.type().bytes(codes.length));
        ByteBuffer chunk = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.read(chunk, info.position() + (long) place.applyAsInt(row) * length);
        info.type().read(chunk, new Row(codes, scales, offsets));
    }
}
