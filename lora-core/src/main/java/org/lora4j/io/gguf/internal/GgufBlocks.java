package org.lora4j.io.gguf.internal;

import java.nio.ByteBuffer;
import org.lora4j.internal.math.HalfFloats;

/**
 * The elements of blocks, as llama.cpp's {@code ggml-quants.c} computes them. Each product is exact in single precision, so the
 * order of the operations changes no bit.
 */
final class GgufBlocks {
    /** The values of the 4-bit numbers of IQ4. */
    private static final byte[] NON_LINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private static final int BLOCK = 32;
    private static final int HALF = BLOCK / 2;
    private static final int SUPER_BLOCK = 256;

    private GgufBlocks() {}

    static void f32(ByteBuffer from, int at, float[] to, int first) {
        to[first] = from.getFloat(at);
    }

    static void f16(ByteBuffer from, int at, float[] to, int first) {
        to[first] = half(from, at);
    }

    static void bf16(ByteBuffer from, int at, float[] to, int first) {
        to[first] = Float.intBitsToFloat(from.getShort(at) << Short.SIZE);
    }

    private static float half(ByteBuffer from, int at) {
        return Float.intBitsToFloat(HalfFloats.toFloatBits(Short.toUnsignedInt(from.getShort(at))));
    }

    /** Some bits of a byte. */
    private static int bits(ByteBuffer from, int at, int shift, int count) {
        return (from.get(at) >> shift) & ((1 << count) - 1);
    }

    private static int low(ByteBuffer from, int at) {
        return bits(from, at, 0, 4);
    }

    private static int high(ByteBuffer from, int at) {
        return bits(from, at, 4, 4);
    }

    /** A bit of four bytes, at the place of the fifth bit. */
    private static int fifth(int bits, int i) {
        return ((bits >>> i) & 1) << 4;
    }

    /** {@code (q − 8)·d}, where a byte has the elements j and j + 16. */
    static void q4of0(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at);
        for (int j = 0; j < HALF; j++) {
            to[first + j] = (low(from, at + 2 + j) - 8) * d;
            to[first + HALF + j] = (high(from, at + 2 + j) - 8) * d;
        }
    }

    /** {@code q·d + m}. */
    static void q4of1(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at);
        float m = half(from, at + 2);
        for (int j = 0; j < HALF; j++) {
            to[first + j] = low(from, at + 4 + j) * d + m;
            to[first + HALF + j] = high(from, at + 4 + j) * d + m;
        }
    }

    /** The codes of {@link #q4of0}, and their scale. */
    static void groupOfQ4of0(ByteBuffer from, int at, GgufGroups.Row to, int first) {
        codes(from, at + 2, to, first);
        to.scales()[first / BLOCK] = half(from, at);
    }

    /** The codes of {@link #q4of1}, their scale and their offset. */
    static void groupOfQ4of1(ByteBuffer from, int at, GgufGroups.Row to, int first) {
        codes(from, at + 4, to, first);
        to.scales()[first / BLOCK] = half(from, at);
        to.offsets()[first / BLOCK] = half(from, at + 2);
    }

    private static void codes(ByteBuffer from, int at, GgufGroups.Row to, int first) {
        for (int j = 0; j < HALF; j++) {
            to.codes()[first + j] = (byte) low(from, at + j);
            to.codes()[first + HALF + j] = (byte) high(from, at + j);
        }
    }

    /** {@code (q + 16·h − 16)·d}, where h is a bit of its own. */
    static void q5of0(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at);
        int h = from.getInt(at + 2);
        for (int j = 0; j < HALF; j++) {
            to[first + j] = (low(from, at + 6 + j) + fifth(h, j) - 16) * d;
            to[first + HALF + j] = (high(from, at + 6 + j) + fifth(h, j + HALF) - 16) * d;
        }
    }

    /** {@code (q + 16·h)·d + m}. */
    static void q5of1(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at);
        float m = half(from, at + 2);
        int h = from.getInt(at + 4);
        for (int j = 0; j < HALF; j++) {
            to[first + j] = (low(from, at + 8 + j) + fifth(h, j)) * d + m;
            to[first + HALF + j] = (high(from, at + 8 + j) + fifth(h, j + HALF)) * d + m;
        }
    }

    /** {@code q·d}. */
    static void q8of0(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at);
        for (int j = 0; j < BLOCK; j++) {
            to[first + j] = from.get(at + 2 + j) * d;
        }
    }

    /** {@code K[q]·d}. */
    static void iq4nl(ByteBuffer from, int at, float[] to, int first) {
        nonLinear(from, at + 2, half(from, at), to, first);
    }

    private static void nonLinear(ByteBuffer from, int codes, float d, float[] to, int first) {
        for (int j = 0; j < HALF; j++) {
            to[first + j] = d * NON_LINEAR[low(from, codes + j)];
            to[first + HALF + j] = d * NON_LINEAR[high(from, codes + j)];
        }
    }

    /** {@code d·s·q − m·t} with scales s and t of 4 bits for 16 elements. */
    static void q2k(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at + 80);
        float m = half(from, at + 82);
        for (int i = 0; i < SUPER_BLOCK; i++) {
            int scale = at + i / 16;
            int q = bits(from, at + 16 + twoBits(i), 2 * (i % 128 / BLOCK), 2);
            to[first + i] = d * low(from, scale) * q - m * high(from, scale);
        }
    }

    /** The byte that has the two bits of an element. */
    private static int twoBits(int i) {
        return i / 128 * BLOCK + i % BLOCK;
    }

    /** {@code d·(s − 32)·(q − 4·(1 − h))} with scales of 6 bits for 16 elements. */
    static void q3k(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at + 108);
        for (int i = 0; i < SUPER_BLOCK; i++) {
            int j = i % 128 / BLOCK;
            int q = bits(from, at + BLOCK + twoBits(i), 2 * j, 2);
            int h = bits(from, at + i % BLOCK, 4 * (i / 128) + j, 1);
            to[first + i] = d * (scaleOfQ3(from, at + 96, i / 16) - 32) * (q - 4 * (1 - h));
        }
    }

    /** A scale: 4 bits in the first eight bytes, and 2 in the other four. */
    private static int scaleOfQ3(ByteBuffer from, int at, int i) {
        return bits(from, at + i % 8, 4 * (i / 8), 4) + 16 * bits(from, at + 8 + i % 4, 2 * (i / 4), 2);
    }

    /** {@code d·s·q − m·t} with scales s and t of 6 bits for 32 elements. */
    static void q4k(ByteBuffer from, int at, float[] to, int first) {
        for (int g = 0; g < 8; g++) {
            float d = half(from, at) * scaleOfQ4(from, at + 4, g);
            float m = half(from, at + 2) * minimumOfQ4(from, at + 4, g);
            int codes = at + 16 + g / 2 * BLOCK;
            for (int j = 0; j < BLOCK; j++) {
                to[first + g * BLOCK + j] = d * bits(from, codes + j, 4 * (g % 2), 4) - m;
            }
        }
    }

    /** The codes of {@link #q4k}, their scales and their offsets. */
    static void groupsOfQ4k(ByteBuffer from, int at, GgufGroups.Row to, int first) {
        for (int g = 0; g < 8; g++) {
            to.scales()[first / BLOCK + g] = half(from, at) * scaleOfQ4(from, at + 4, g);
            to.offsets()[first / BLOCK + g] = -(half(from, at + 2) * minimumOfQ4(from, at + 4, g));
            int codes = at + 16 + g / 2 * BLOCK;
            for (int j = 0; j < BLOCK; j++) {
                to.codes()[first + g * BLOCK + j] = (byte) bits(from, codes + j, 4 * (g % 2), 4);
            }
        }
    }

    private static int scaleOfQ4(ByteBuffer from, int at, int g) {
        return g < 4 ? bits(from, at + g, 0, 6) : low(from, at + g + 4) + 16 * bits(from, at + g - 4, 6, 2);
    }

    private static int minimumOfQ4(ByteBuffer from, int at, int g) {
        return g < 4 ? bits(from, at + g + 4, 0, 6) : high(from, at + g + 4) + 16 * bits(from, at + g, 6, 2);
    }

    /** {@code d·s·(q + 16·h) − m·t}. */
    static void q5k(ByteBuffer from, int at, float[] to, int first) {
        for (int g = 0; g < 8; g++) {
            float d = half(from, at) * scaleOfQ4(from, at + 4, g);
            float m = half(from, at + 2) * minimumOfQ4(from, at + 4, g);
            int codes = at + 48 + g / 2 * BLOCK;
            for (int j = 0; j < BLOCK; j++) {
                int q = bits(from, codes + j, 4 * (g % 2), 4) + 16 * bits(from, at + 16 + j, g, 1);
                to[first + g * BLOCK + j] = d * q - m;
            }
        }
    }

    /** {@code d·s·(q − 32)} with scales of 8 bits for 16 elements. */
    static void q6k(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at + 208);
        for (int i = 0; i < SUPER_BLOCK; i++) {
            int n = i / 128;
            int j = i % 128 / BLOCK;
            int l = i % BLOCK;
            int low = bits(from, at + 64 * n + BLOCK * (j % 2) + l, 4 * (j / 2), 4);
            int high = bits(from, at + 128 + BLOCK * n + l, 2 * j, 2);
            to[first + i] = d * from.get(at + 192 + i / 16) * (low + 16 * high - 32);
        }
    }

    /** {@code d·(s − 32)·K[q]} with scales of 6 bits for 32 elements. */
    static void iq4xs(ByteBuffer from, int at, float[] to, int first) {
        float d = half(from, at);
        for (int g = 0; g < 8; g++) {
            int s = bits(from, at + 4 + g / 2, 4 * (g % 2), 4) + 16 * bits(from, at + 2 + g / 4, 2 * (g % 4), 2);
            nonLinear(from, at + 8 + g * HALF, d * (s - 32), to, first + g * BLOCK);
        }
    }
}
