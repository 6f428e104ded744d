package org.lora4j.io.gguf.model;

/** The form in which changed matrices are written to a GGUF file. */
public enum GgufPrecision {
    /** 32 bits for each element. */
    F32,
    /** 16 bits for each element. */
    F16,
    /** 8.5 bits: blocks of 32 whole numbers of 8 bits with a scale. */
    Q8_0,
    /** 4.5 bits: blocks of 32 whole numbers of 4 bits with a scale. */
    Q4_0
}
