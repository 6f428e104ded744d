package org.lora4j.internal.math;

/** The scale of a group of weights in 4 bits: {@code w = s·(c − 8)} with codes c from 0 to 15. */
public final class Int4Scale {
    /** The code of zero. */
    public static final int ZERO = 8;

    private static final int LARGEST = 15;

    private Int4Scale() {}

    /**
     * Returns the scale of a group.
     *
     * @param elements has the group
     * @param first the position of its first element
     * @param count the number of its elements
     * @return {@code s = −m/8} for the element m with the largest absolute value; NaN if an element is not finite
     */
    public static float of(float[] elements, int first, int count) {
        float most = 0;
        float signed = 0;
        for (int j = first; j < first + count; j++) {
            float element = elements[j];
            if (!Float.isFinite(element)) {
                return Float.NaN;
            }
            if (most < Math.abs(element)) {
                most = Math.abs(element);
                signed = element;
            }
        }
        return signed / -ZERO;
    }

    /**
     * Returns the code of an element.
     *
     * @param scaled {@code w/s}, from −8 to 8
     * @return {@code c = min(15, ⌊w/s + 8.5⌋)}
     */
    public static int code(float scaled) {
        return Math.min(LARGEST, (int) (scaled + (ZERO + 0.5f)));
    }
}
