package org.lora4j.io.safetensors;

/**
 * What the header says about one tensor. The tensor's data are the bytes from begin (included) to end (excluded),
 * counted from the first byte after the header.
 */
final class TensorInfo {
    private final String name;
    private final Dtype dtype;
    private final long[] shape;
    private final long begin;
    private final long end;

    TensorInfo(String name, Dtype dtype, long[] shape, long begin, long end) {
        this.name = name;
        this.dtype = dtype;
        this.shape = shape.clone();
        this.begin = begin;
        this.end = end;
    }

    String name() {
        return name;
    }

    Dtype dtype() {
        return dtype;
    }

    long[] shape() {
        return shape.clone();
    }

    long begin() {
        return begin;
    }

    long end() {
        return end;
    }

    long byteLength() {
        return end - begin;
    }
}
