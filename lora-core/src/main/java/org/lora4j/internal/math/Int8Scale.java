package org.lora4j.internal.math;

import org.lora4j.internal.ForModules;

/** The scale of a row of weights in 8 bits: {@code w = s·q} with integers q from −127 to 127. */
@ForModules
public final class Int8Scale {
    private static final int MOST = 127;

    private Int8Scale() {}

    /**
     * Returns the scale of a row.
     *
     * @param largest {@code max|w|} of the row
     * @return {@code s = max|w| / 127}; 1 for a row of zeros
     */
    public static float of(float largest) {
        return largest == 0 ? 1 : Math.max(largest / MOST, Float.MIN_NORMAL);
    }

    /**
     * Returns the integer of a weight.
     *
     * @param weight w
     * @param scale the scale s of its row
     * @return {@code w/s}, rounded to the nearest integer, and to the even one of two
     */
    public static byte code(float weight, float scale) {
        return (byte) Math.rint(weight / scale);
    }
}
