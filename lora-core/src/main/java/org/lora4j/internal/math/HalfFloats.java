package org.lora4j.internal.math;

/** Floats of 16 bits: 1 sign, 5 exponent (bias 15) and 10 mantissa bits. */
public final class HalfFloats {
    private static final int HALF_BIAS = 15;

    private HalfFloats() {}

    /**
     * Returns the bits of the float that equals a half. The payload of a NaN is kept.
     *
     * @param half the 16 bits
     * @return the 32 bits
     */
    public static int toFloatBits(int half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >> 10 & 0x1F;
        int mantissa = half & 0x3FF;
        if (exponent == 0x1F) {
            return sign | 0x7F80_0000 | mantissa << 13;
        }
        if (exponent == 0) {
            // Zero, or a subnormal: mantissa · 2^-24, which is normal as a float.
            return sign | Float.floatToRawIntBits(mantissa * 0x1p-24f);
        }
        return sign | (exponent + 127 - 15) << 23 | mantissa << 13;
    }

    /** Rounds to the nearest half, and ties to even: 1 sign, 5 exponent (bias 15) and 10 mantissa bits. */
    public static short of(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int exponent = Math.max((bits >>> 23 & 0xFF) - 127, -HALF_BIAS + 1);
        // A half is a multiple of 2^(exponent - 10); a float is a multiple of less, so this sum rounds it there.
        float one = Math.scalb(1.5f, exponent + 13);
        float rounded = Math.abs(value) + one - one;
        int magnitude = (int) Math.scalb(rounded, 10 - exponent) + ((exponent + HALF_BIAS - 1) << 10);
        return (short) (sign | magnitude);
    }
}
