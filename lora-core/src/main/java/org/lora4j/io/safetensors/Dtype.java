package org.lora4j.io.safetensors;

import java.util.Arrays;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The element type of a tensor in a safetensors file. The order of the constants is the format's own: a writer lays
 * tensors out by descending type, so that every tensor is aligned to its element size.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">The safetensors format</a>
 */
public enum Dtype {
    /** A truth value in one byte, 0 or 1. */
    BOOL(1, DataType.BOOL),
    /** Unsigned 8-bit integer. */
    U8(1, DataType.UINT8),
    /** Signed 8-bit integer. */
    I8(1, DataType.INT8),
    /** 8-bit float with 5 bits of exponent and 2 of mantissa; ND4J has no counterpart. */
    F8_E5M2(1, DataType.UINT8),
    /** 8-bit float with 4 bits of exponent and 3 of mantissa; ND4J has no counterpart. */
    F8_E4M3(1, DataType.UINT8),
    /** Signed 16-bit integer. */
    I16(2, DataType.INT16),
    /** Unsigned 16-bit integer. */
    U16(2, DataType.UINT16),
    /** IEEE 754 half precision. */
    F16(2, DataType.FLOAT16),
    /** The upper half of an IEEE 754 single-precision float. */
    BF16(2, DataType.BFLOAT16),
    /** Signed 32-bit integer. */
    I32(4, DataType.INT32),
    /** Unsigned 32-bit integer. */
    U32(4, DataType.UINT32),
    /** IEEE 754 single precision. */
    F32(4, DataType.FLOAT),
    /** IEEE 754 double precision. */
    F64(8, DataType.DOUBLE),
    /** Signed 64-bit integer. */
    I64(8, DataType.INT64),
    /** Unsigned 64-bit integer. */
    U64(8, DataType.UINT64);

    private final int size;
    private final DataType storage;

    Dtype(int size, DataType storage) {
        this.size = size;
        this.storage = storage;
    }

    /**
     * Returns the size of one element.
     *
     * @return the size in bytes: 1, 2, 4 or 8
     */
    public int size() {
        return size;
    }

    /** Returns the ND4J type that stores the same bytes. The 8-bit floats are stored as UINT8. */
    DataType storage() {
        return storage;
    }

    boolean isFloat8() {
        return this == F8_E5M2 || this == F8_E4M3;
    }

    boolean isFloatingPoint() {
        return switch (this) {
            case F8_E5M2, F8_E4M3, F16, BF16, F32, F64 -> true;
            default -> false;
        };
    }

    /**
     * Returns the number of bytes of a tensor.
     *
     * @param shape its shape
     * @return the bytes
     * @throws ArithmeticException if a long cannot hold the number
     */
    public long byteLength(long[] shape) {
        long elements = 1;
        for (long dimension : shape) {
            elements = Math.multiplyExact(elements, dimension);
        }
        return Math.multiplyExact(elements, size);
    }

    /** Returns the type of this name. */
    static Optional<Dtype> named(String name) {
        return Arrays.stream(values()).filter(d -> d.name().equals(name)).findFirst();
    }

    /** Returns the type that stores the elements of an ND4J type unchanged. */
    static Optional<Dtype> of(DataType type) {
        return Arrays.stream(values())
                .filter(d -> d.storage == type && !d.isFloat8())
                .findFirst();
    }
}
