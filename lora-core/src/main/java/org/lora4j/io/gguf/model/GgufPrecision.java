package org.lora4j.io.gguf.model;

/** The form in which changed matrices are written to a GGUF file. */
public enum GgufPrecision {
    /** 32 bits for each element. */
    F32(GgufType.F32),
    /** 16 bits for each element. */
    F16(GgufType.F16),
    /** 8.5 bits: blocks of 32 whole numbers of 8 bits with a scale. */
    Q8_0(GgufType.Q8_0),
    /** 4.5 bits: blocks of 32 whole numbers of 4 bits with a scale. */
    Q4_0(GgufType.Q4_0);

    @SuppressWarnings("ImmutableEnumChecker") // It is an enum of this package.
    private final GgufType type;

    GgufPrecision(GgufType type) {
        this.type = type;
    }

    /** The type of a tensor: that of vectors is F32, and rows that are no whole blocks have F16, as llama.cpp does it. */
    GgufType typeOf(long[] shape) {
        if (shape.length < 2) {
            return GgufType.F32;
        }
        return shape[shape.length - 1] % type.elements() == 0 ? type : GgufType.F16;
    }
}
