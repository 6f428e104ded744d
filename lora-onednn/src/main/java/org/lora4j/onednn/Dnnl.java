package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_impl_info_str;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_default_flags;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;
import static org.bytedeco.dnnl.global.dnnl.dnnl_version;

import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/** The functions of oneDNN's C interface that this module uses, with errors as exceptions. A call of it costs the least. */
final class Dnnl {
    /** The processor; for the whole process. */
    static final dnnl_engine PROCESSOR = new dnnl_engine();

    static {
        check(dnnl_engine_create(PROCESSOR, dnnl_cpu, 0));
    }

    private Dnnl() {}

    static void check(int status) {
        if (status != dnnl_success) {
            throw new IllegalStateException("oneDNN must return the status 0, found " + status);
        }
    }

    static String version() {
        return dnnl_version().major() + "." + dnnl_version().minor() + "."
                + dnnl_version().patch();
    }

    static dnnl_stream stream(NativeObjects owner) {
        dnnl_stream stream = new dnnl_stream();
        check(dnnl_stream_create(stream, PROCESSOR, dnnl_stream_default_flags));
        return owner.add(stream);
    }

    /** A matrix in a format of oneDNN. */
    static dnnl_memory_desc format(NativeObjects owner, long rows, long columns, int type, int tag) {
        dnnl_memory_desc format = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_tag(format, 2, new long[] {rows, columns}, type, tag));
        return owner.add(format);
    }

    static dnnl_memory_desc strided(NativeObjects owner, MatrixLayout layout, int type) {
        dnnl_memory_desc format = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_strides(
                format, 2, new long[] {layout.rows(), layout.columns()}, type, new long[] {
                    layout.rowStride(), layout.columnStride()
                }));
        return owner.add(format);
    }

    static dnnl_memory_desc vector(NativeObjects owner, long length, int type) {
        dnnl_memory_desc format = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_strides(format, 1, new long[] {length}, type, new long[] {1}));
        return owner.add(format);
    }

    /** An array in a format; without an address, which is set later, for null. */
    static dnnl_memory memory(NativeObjects owner, dnnl_memory_desc format, @Nullable Pointer address) {
        dnnl_memory memory = new dnnl_memory();
        check(dnnl_memory_create(memory, format, PROCESSOR, address));
        return owner.add(memory);
    }

    static dnnl_exec_arg_t arguments(int[] kinds, dnnl_memory... memories) {
        dnnl_exec_arg_t arguments = new dnnl_exec_arg_t(kinds.length);
        for (int i = 0; i < kinds.length; i++) {
            arguments.getPointer(i).arg(kinds[i]).memory(memories[i]);
        }
        return arguments;
    }

    /** The name of the code that computes a primitive, such as {@code brg_matmul:avx512_core}. */
    static String implementation(dnnl_primitive_desc primitive) {
        try (PointerPointer<BytePointer> name = new PointerPointer<>(1)) {
            check(dnnl_primitive_desc_query(primitive, dnnl_query_impl_info_str, 0, name));
            return new BytePointer(name.get(0)).getString();
        }
    }
}
