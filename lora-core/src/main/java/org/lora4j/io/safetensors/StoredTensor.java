package org.lora4j.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.function.IntUnaryOperator;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.math.HalfFloats;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.internal.ArrayBytes;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A tensor as a file stores it. The array has the tensor's shape and bytes, and the ND4J type that stores them.
 *
 * @param source the name of the file or of what else the tensor comes from, for messages
 * @param name the name of the tensor
 * @param dtype the type of the elements
 * @param array an array of the type {@link Dtype#storage()}
 */
record StoredTensor(String source, String name, Dtype dtype, INDArray array) {
    /** The rule for the weights of a model. */
    static final String FINITE = "all elements must be finite numbers";

    /** How many elements are copied to the heap at a time. */
    private static final int PIECE = 4096;

    private static final int BF16_EXPONENT = 0x7f80;

    /** Creates a tensor from its bytes, little-endian and row-major; as many as dtype and shape need. */
    static StoredTensor ofBytes(String source, String name, Dtype dtype, long[] shape, byte[] bytes) {
        INDArray array = ArrayBytes.allocate(dtype.storage(), shape);
        ArrayBytes.with(array, target -> target.put(ByteBuffer.wrap(bytes)));
        return new StoredTensor(source, name, dtype, array);
    }

    /** Returns the number of bytes of all elements; throws {@link ArithmeticException} if a long cannot hold it. */
    long byteLength() {
        return dtype.byteLength(array.shape());
    }

    /** Returns a copy of the bytes, little-endian and row-major. */
    byte[] bytes() {
        byte[] copy = new byte[Math.toIntExact(byteLength())];
        ArrayBytes.with(array, bytes -> bytes.get(copy));
        return copy;
    }

    /** Returns the tensor in the ND4J type that holds its values exactly. */
    INDArray exact() throws SafeTensorsException {
        switch (dtype) {
            case F8_E5M2, F8_E4M3 -> throw refuse("the dtype must have an exact counterpart in ND4J", dtype);
            case F16 -> {
                return widened(HalfFloats::toFloatBits);
            }
            case BF16 -> {
                return widened(bits -> bits << 16);
            }
            case BOOL -> {
                checkTruthValues();
                return array;
            }
            default -> {
                return array;
            }
        }
    }

    /** Returns the tensor as FLOAT or DOUBLE. F64 is rounded to the nearest FLOAT. */
    INDArray floating(DataType type) throws SafeTensorsException {
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "tensor " + MessageText.quote(name) + ": the type must be FLOAT or DOUBLE, found " + type);
        }
        if (!dtype.isFloatingPoint()) {
            throw refuse("the dtype must be a floating-point type to be given as " + type, dtype);
        }
        INDArray exact = exact();
        if (exact.dataType() == type) {
            return exact;
        }
        // Not castTo: within a workspace, its result would be valid only as long as the workspace is open.
        return type == DataType.DOUBLE
                ? ArrayBytes.allocate(DataType.DOUBLE, exact.shape()).assign(exact)
                : narrowed();
    }

    /** Returns the tensor as FLOAT or DOUBLE, and refuses NaN and infinities. */
    INDArray finite(DataType type) throws SafeTensorsException {
        if (type == DataType.BFLOAT16 && dtype == Dtype.BF16) {
            requireFiniteBits();
            return array;
        }
        INDArray array = floating(type);
        long position = ArrayBits.firstNonFinite(array);
        if (position >= 0) {
            throw refuse(FINITE, nonFinite(array, position));
        }
        return array;
    }

    /** Checks a tensor of BF16 without a copy of it as floats. */
    private void requireFiniteBits() throws SafeTensorsException {
        ArrayBytes.with(array, bytes -> {
            ShortBuffer bits = bytes.asShortBuffer();
            short[] piece = new short[Math.min(PIECE, bits.remaining())];
            while (bits.hasRemaining()) {
                int from = bits.position();
                int count = Math.min(piece.length, bits.remaining());
                bits.get(piece, 0, count);
                for (int i = 0; i < count; i++) {
                    if ((piece[i] & BF16_EXPONENT) == BF16_EXPONENT) {
                        float found = Float.intBitsToFloat(piece[i] << Short.SIZE);
                        throw refuse(FINITE, found + " at element " + (from + i));
                    }
                }
            }
        });
    }

    /** Releases the native memory of the array, unless a result of this tensor is the array itself, and returns the result. */
    INDArray release(INDArray result) {
        if (result != array && array.closeable()) {
            array.close();
        }
        return result;
    }

    /** Says which element is not finite. */
    static String nonFinite(INDArray array, long position) {
        return array.ravel().getDouble(position) + " at element " + position;
    }

    private INDArray widened(IntUnaryOperator toFloatBits) throws SafeTensorsException {
        if (byteLength() > ArrayBytes.MAX_BYTES / 2) {
            throw refuse("a FLOAT tensor must have at most " + ArrayBytes.MAX_BYTES + " bytes", 2 * byteLength());
        }
        INDArray result = ArrayBytes.allocate(DataType.FLOAT, array.shape());
        ArrayBytes.with(
                array,
                from -> ArrayBytes.with(result, to -> {
                    ShortBuffer bits = from.asShortBuffer();
                    // As bits, not as floats: a signalling NaN keeps its payload.
                    IntBuffer floats = to.asIntBuffer();
                    while (bits.hasRemaining()) {
                        floats.put(toFloatBits.applyAsInt(Short.toUnsignedInt(bits.get())));
                    }
                }));
        return result;
    }

    private INDArray narrowed() throws SafeTensorsException {
        INDArray result = ArrayBytes.allocate(DataType.FLOAT, array.shape());
        ArrayBytes.with(
                array,
                from -> ArrayBytes.with(result, to -> {
                    DoubleBuffer doubles = from.asDoubleBuffer();
                    FloatBuffer floats = to.asFloatBuffer();
                    while (doubles.hasRemaining()) {
                        double value = doubles.get();
                        float rounded = (float) value;
                        if (Float.isInfinite(rounded) && !Double.isInfinite(value)) {
                            String found = value + " at element " + (doubles.position() - 1);
                            throw refuse("finite values must stay finite as FLOAT", found);
                        }
                        floats.put(rounded);
                    }
                }));
        return result;
    }

    private void checkTruthValues() throws SafeTensorsException {
        ArrayBytes.with(array, bytes -> {
            while (bytes.hasRemaining()) {
                byte value = bytes.get();
                if (value != 0 && value != 1) {
                    String found = Byte.toUnsignedInt(value) + " at element " + (bytes.position() - 1);
                    throw refuse("a BOOL must be 0 or 1", found);
                }
            }
        });
    }

    private SafeTensorsException refuse(String rule, Object found) {
        return new SafeTensorsException(source, "tensor " + MessageText.quote(name), rule, found);
    }
}
