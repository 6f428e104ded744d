package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_fpmath_mode_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_fpmath_mode_strict;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_deterministic;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_fpmath_mode_v2;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scales_mask;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scratchpad_mode;
import static org.bytedeco.dnnl.global.dnnl.dnnl_s8;
import static org.bytedeco.dnnl.global.dnnl.dnnl_scratchpad_mode_user;

import org.bytedeco.dnnl.dnnl_primitive_attr;

/**
 * The types of a product's inputs and weight. The result is in single precision. There is no kind with inputs in single
 * precision and a weight in bfloat16: oneDNN 3.11 computes wrong results for it.
 */
enum Kind {
    FLOAT(dnnl_f32, dnnl_f32, 0),
    BFLOAT16(dnnl_bf16, dnnl_bf16, 0),
    INT8(dnnl_f32, dnnl_s8, 0),
    INT8_BFLOAT16(dnnl_bf16, dnnl_s8, 0),

    /** Inputs of 16 bits, each in two parts of 8 bits, see {@link RoundedProduct}. */
    INT8_INT16(dnnl_s8, dnnl_s8, 2),

    /** Inputs of 8 bits, see {@link RoundedProduct}. */
    INT8_INT8(dnnl_s8, dnnl_s8, 1);

    private final int inputType;
    private final int weightType;
    private final int parts;

    Kind(int inputType, int weightType, int parts) {
        this.inputType = inputType;
        this.weightType = weightType;
        this.parts = parts;
    }

    int inputType() {
        return inputType;
    }

    int weightType() {
        return weightType;
    }

    int weightBytes() {
        return weightType == dnnl_f32 ? Float.BYTES : weightType == dnnl_bf16 ? Short.BYTES : Byte.BYTES;
    }

    boolean convertsInputs() {
        return inputType == dnnl_bf16;
    }

    /** Whether {@link RoundedProduct} computes the products. */
    boolean roundsInputs() {
        return parts > 0;
    }

    /** How many integers of 8 bits an input is rounded to; 0 if inputs are floats. */
    int parts() {
        return parts;
    }

    /**
     * Whether a processor computes this kind faster than single precision. bfloat16 is emulated by those without
     * instructions for it, and the sums of 8-bit numbers overflow without VNNI, which is a part of AVX10.
     */
    boolean isFast(Matmul.Packing packing) {
        return switch (this) {
            case FLOAT, INT8 -> packing.isFast();
            case BFLOAT16 -> packing.usesAmx() || packing.uses("_bf16");
            case INT8_BFLOAT16 -> packing.usesAmx();
            case INT8_INT16 -> packing.uses("_vnni") || packing.uses("avx10_");
            case INT8_INT8 -> packing.usesAmx() || packing.uses("_vnni") || packing.uses("avx10_");
        };
    }

    /** Whether each row of W has a scale. */
    boolean isScaled() {
        return weightType == dnnl_s8;
    }

    dnnl_primitive_attr attributes(NativeObjects owner) {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        Dnnl.check(dnnl_primitive_attr_create(attributes));
        owner.add(attributes);
        // Otherwise a primitive has a buffer of its own, and must run in the thread that created it.
        Dnnl.check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
        Dnnl.check(dnnl_primitive_attr_set_deterministic(attributes, 1));
        if (isScaled() && !roundsInputs()) {
            int mode = convertsInputs() ? dnnl_fpmath_mode_bf16 : dnnl_fpmath_mode_strict;
            Dnnl.check(dnnl_primitive_attr_set_fpmath_mode_v2(attributes, mode, 1));
        }
        if (isScaled()) {
            Dnnl.check(dnnl_primitive_attr_set_scales_mask(attributes, DNNL_ARG_WEIGHTS, 2));
        }
        return attributes;
    }
}
