package org.lora4j.io.gguf.internal;

import java.nio.ByteBuffer;
import org.lora4j.internal.math.HalfFloats;
import org.lora4j.internal.math.Int4Scale;

/** Rounds elements to blocks, as the reference functions of llama.cpp's {@code ggml-quants.c} do it. */
final class GgufQuantizer {
    private static final int BLOCK = 32;
    private static final int HALF = BLOCK / 2;

    private GgufQuantizer() {}

    /**
     * Writes a row.
     *
     * @param row the elements, whole blocks of them
     * @param to gets the bytes, little-endian
     */
    static void write(GgufType type, float[] row, ByteBuffer to) {
        switch (type) {
            case F32 -> {
                for (float element : row) {
                    to.putFloat(element);
                }
            }
            case F16 -> {
                for (float element : row) {
                    to.putShort(HalfFloats.of(element));
                }
            }
            case Q8_0 -> {
                for (int i = 0; i < row.length; i += BLOCK) {
                    q8of0(row, i, to);
                }
            }
            case Q4_0 -> {
                for (int i = 0; i < row.length; i += BLOCK) {
                    q4of0(row, i, to);
                }
            }
            default -> throw new IllegalStateException("no way to write " + type);
        }
    }

    /** {@code d = max|x|/127, q = round(x/d)}, and halves away from zero. */
    private static void q8of0(float[] x, int first, ByteBuffer to) {
        float most = 0;
        for (int j = 0; j < BLOCK; j++) {
            most = Math.max(most, Math.abs(x[first + j]));
        }
        float d = most / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        to.putShort(HalfFloats.of(d));
        for (int j = 0; j < BLOCK; j++) {
            float scaled = x[first + j] * inverse;
            to.put((byte) (scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(0.5 + scaled)));
        }
    }

    /** {@code d = −m/8} for the element m with the largest absolute value, {@code q = min(15, ⌊x/d + 8.5⌋)}. */
    private static void q4of0(float[] x, int first, ByteBuffer to) {
        float d = Int4Scale.of(x, first, BLOCK);
        float inverse = d == 0 ? 0 : 1 / d;
        to.putShort(HalfFloats.of(d));
        for (int j = 0; j < HALF; j++) {
            int low = Int4Scale.code(x[first + j] * inverse);
            int high = Int4Scale.code(x[first + HALF + j] * inverse);
            to.put((byte) (low | (high << 4)));
        }
    }
}
