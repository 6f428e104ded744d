package org.lora4j.internal.math;

/** Floats of 16 bits: 1 sign, 5 exponent (bias 15) and 10 mantissa bits. */
public final class HalfFloats {
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
}
