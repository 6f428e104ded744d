package org.lora4j.linalg;

/** How a weight is stored. The results of products are always in single precision. */
public enum Precision {
    /** Single precision. The products are exact to rounding. */
    FLOAT,

    /**
     * Brain floating point: a float of 8 bits of precision, rounded to the nearest one, and ties to even. A product engine may
     * round the inputs of a product to it too; the sums are in single precision.
     */
    BFLOAT16,

    /**
     * Integers from −127 to 127, with a scale for each row of {@code W [out, in]}: {@code wⱼₖ = sⱼ·qⱼₖ},
     * {@code sⱼ = max|wⱼ| / 127}. A product engine may round the inputs of a product to {@link #BFLOAT16} or to
     * 16 bits with a scale for each row.
     */
    INT8,

    /**
     * The weights of {@link #INT8}. Where a product engine computes them faster, it rounds the inputs of a forward product to
     * integers from −127 to 127 too, {@code x = s·q} with {@code s = max|x| / 127} for each row x. This is also called dynamic
     * quantization, or W8A8. Gradients flow as with {@code INT8}. Rows with a few much larger elements, as decoders have, lose
     * more than others.
     */
    INT8_DYNAMIC,

    /**
     * Integers of 4 bits from −8 to 7, with a scale for each group of 32 columns of a row of {@code W [out, in]}:
     * {@code wⱼₖ = sⱼ,ₖ⁄₃₂·qⱼₖ}, {@code s = −m/8} for the element m of the group with the largest absolute value. These are the
     * values of Q4_0 in a GGUF file. Products of few rows round their inputs to 22 bits with a scale for each row.
     */
    INT4
}
