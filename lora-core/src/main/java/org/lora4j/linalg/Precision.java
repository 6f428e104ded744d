package org.lora4j.linalg;

/** How a product engine stores a weight. The results of products are always in single precision. */
public enum Precision {
    /** Single precision. The products are exact to rounding. */
    FLOAT,

    /** Brain floating point: 8 bits of precision. The inputs of a product are rounded to it too, and the sums are in single precision. */
    BFLOAT16,

    /**
     * Integers from −127 to 127, with a scale for each result column of the product:
     * {@code w = s·q}, {@code s = max|w| / 127}. An engine may round the inputs of a product to {@link #BFLOAT16}.
     */
    INT8
}
