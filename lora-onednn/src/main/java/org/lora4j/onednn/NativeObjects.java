package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_destroy;

import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;

/** Objects of oneDNN that are destroyed together: by {@link #close}, or after their owner has become unreachable. */
final class NativeObjects implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final List<Runnable> destroy = new ArrayList<>();

    /** Destroys the objects when an owner is unreachable. This object must not refer to it. Running the result does so now. */
    Cleaner.Cleanable closeWith(Object owner) {
        return CLEANER.register(owner, this::close);
    }

    dnnl_stream add(dnnl_stream stream) {
        destroy.add(() -> dnnl_stream_destroy(stream));
        return stream;
    }

    dnnl_memory add(dnnl_memory memory) {
        destroy.add(() -> dnnl_memory_destroy(memory));
        return memory;
    }

    dnnl_memory_desc add(dnnl_memory_desc format) {
        destroy.add(() -> dnnl_memory_desc_destroy(format));
        return format;
    }

    dnnl_primitive add(dnnl_primitive primitive) {
        destroy.add(() -> dnnl_primitive_destroy(primitive));
        return primitive;
    }

    dnnl_primitive_desc add(dnnl_primitive_desc description) {
        destroy.add(() -> dnnl_primitive_desc_destroy(description));
        return description;
    }

    dnnl_primitive_attr add(dnnl_primitive_attr attributes) {
        destroy.add(() -> dnnl_primitive_attr_destroy(attributes));
        return attributes;
    }

    @Override
    public void close() {
        for (int i = destroy.size() - 1; i >= 0; i--) {
            destroy.get(i).run();
        }
        destroy.clear();
    }
}
