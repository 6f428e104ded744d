package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_SCALES;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.dnnl_data_type_undef;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scales_mask;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;

import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.jspecify.annotations.Nullable;

/** Copies a matrix to another format or type. */
final class Reorder {
    private final dnnl_primitive primitive = new dnnl_primitive();
    private final dnnl_exec_arg_t arguments;
    private final int count;

    private Reorder(
            NativeObjects owner,
            dnnl_memory_desc fromFormat,
            dnnl_memory_desc toFormat,
            dnnl_primitive_attr attributes,
            dnnl_exec_arg_t arguments,
            int count) {
        this.arguments = arguments;
        this.count = count;
        try (NativeObjects used = new NativeObjects()) {
            dnnl_primitive_desc description = new dnnl_primitive_desc();
            Dnnl.check(dnnl_reorder_primitive_desc_create(
                    description, fromFormat, Dnnl.PROCESSOR, toFormat, Dnnl.PROCESSOR, attributes));
            used.add(description);
            Dnnl.check(dnnl_primitive_create(primitive, description));
            owner.add(primitive);
        }
    }

    /** Copies, or adds to what is there. */
    static Reorder copy(
            NativeObjects owner,
            dnnl_memory_desc fromFormat,
            dnnl_memory from,
            dnnl_memory_desc toFormat,
            dnnl_memory to,
            boolean adds) {
        try (NativeObjects used = new NativeObjects()) {
            dnnl_primitive_attr attributes = attributes(used);
            if (adds) {
                addResults(attributes);
            }
            dnnl_exec_arg_t arguments = Dnnl.arguments(new int[] {DNNL_ARG_FROM, DNNL_ARG_TO}, from, to);
            return new Reorder(owner, fromFormat, toFormat, attributes, arguments, 2);
        }
    }

    /**
     * Multiplies each column by its scale, and copies. {@link #setScales} sets them.
     *
     * @param fromFormat the format of a matrix
     */
    static Reorder scale(
            NativeObjects owner,
            dnnl_memory_desc fromFormat,
            dnnl_memory from,
            dnnl_memory_desc toFormat,
            dnnl_memory to) {
        // The scales are set before each use.
        return scaled(owner, fromFormat, from, toFormat, to, DNNL_ARG_FROM, 1, from, false);
    }

    /** Multiplies each row by its scale, and copies, or adds to what is there. */
    static Reorder scaleRows(
            NativeObjects owner,
            dnnl_memory_desc fromFormat,
            dnnl_memory from,
            dnnl_memory_desc toFormat,
            dnnl_memory to,
            dnnl_memory scales,
            boolean adds) {
        return scaled(owner, fromFormat, from, toFormat, to, DNNL_ARG_FROM, 0, scales, adds);
    }

    private static void addResults(dnnl_primitive_attr attributes) {
        dnnl_post_ops sum = new dnnl_post_ops();
        Dnnl.check(dnnl_post_ops_create(sum));
        try {
            Dnnl.check(dnnl_post_ops_append_sum(sum, 1, 0, dnnl_data_type_undef));
            Dnnl.check(dnnl_primitive_attr_set_post_ops(attributes, sum));
        } finally {
            dnnl_post_ops_destroy(sum);
        }
    }

    /** Sets the scales of a reorder that {@link #scale} created. */
    void setScales(dnnl_memory scales) {
        arguments.getPointer(2).memory(scales);
    }

    /** Divides each row (dimension 0) or column (1) by its scale, or nothing if there are none, and packs. */
    static Reorder pack(
            NativeObjects owner,
            dnnl_memory_desc fromFormat,
            dnnl_memory from,
            dnnl_memory_desc toFormat,
            dnnl_memory to,
            @Nullable dnnl_memory scales,
            int dimension) {
        if (scales == null) {
            return copy(owner, fromFormat, from, toFormat, to, false);
        }
        return scaled(owner, fromFormat, from, toFormat, to, DNNL_ARG_DST, dimension, scales, false);
    }

    /** The source is multiplied with its scales, the target divided by its own: one for each row (dimension 0) or column (1). */
    private static Reorder scaled(
            NativeObjects owner,
            dnnl_memory_desc fromFormat,
            dnnl_memory from,
            dnnl_memory_desc toFormat,
            dnnl_memory to,
            int scaledArgument,
            int dimension,
            dnnl_memory scales,
            boolean adds) {
        try (NativeObjects used = new NativeObjects()) {
            dnnl_primitive_attr attributes = attributes(used);
            Dnnl.check(dnnl_primitive_attr_set_scales_mask(attributes, scaledArgument, 1 << dimension));
            if (adds) {
                addResults(attributes);
            }
            int[] kinds = {DNNL_ARG_FROM, DNNL_ARG_TO, DNNL_ARG_ATTR_SCALES | scaledArgument};
            return new Reorder(
                    owner, fromFormat, toFormat, attributes, Dnnl.arguments(kinds, from, to, scales), kinds.length);
        }
    }

    private static dnnl_primitive_attr attributes(NativeObjects owner) {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        Dnnl.check(dnnl_primitive_attr_create(attributes));
        return owner.add(attributes);
    }

    void run(dnnl_stream stream) {
        Dnnl.check(dnnl_primitive_execute(primitive, stream, count, arguments));
    }
}
